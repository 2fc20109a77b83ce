import { LabIcon } from "@jupyterlab/ui-components";

/** Iterates that jump from side to side, and the rod between two of them. */
export const icon = new LabIcon({
  name: "rodflow:icon",
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161"><circle cx="4" cy="6" r="2"/><circle cx="10" cy="19" r="2"/><circle cx="14.5" cy="5" r="2"/><circle cx="20" cy="18" r="2"/></g>
  <path class="jp-icon3" stroke="#616161" style="fill:none" stroke-width="1.3" d="M4 6l6 13L14.5 5"/>
  <path stroke="#e8590c" fill="none" stroke-width="2.6" stroke-linecap="round" d="M14.5 5l5.5 13"/>
</svg>`,
});
