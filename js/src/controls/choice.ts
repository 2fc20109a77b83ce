/** Which panels the Compare view shows, and in which order. */
import type { Context } from "../context";
import { button, h } from "../dom";
import { views } from "../views";
import { panels, shownPanels } from "../views/panels";
import type { PanelName } from "../wire";

export function panelChoice(context: Context): HTMLElement {
  const { view } = context;
  const title = (name: PanelName) => panels.get(name)?.title ?? views[name]?.title ?? name;
  const known = [...panels.keys(), ...Object.keys(views).filter((name) => name !== "compare")] as PanelName[];
  const list = h("ul", { class: "rf-choice" });

  const draw = (focus: PanelName | null = null, action = "") => {
    const names = shownPanels(context);
    list.replaceChildren(
      ...[...names, ...known.filter((name) => !names.includes(name))].map((name) => {
        const box = h("input", { type: "checkbox" });
        box.checked = names.includes(name);
        box.disabled = box.checked && names.length === 1;
        box.addEventListener("change", () => {
          view.setPanels(box.checked ? [...names, name] : names.filter((other) => other !== name));
          draw(name);
        });
        const move = (label: string, by: number) => {
          const to = names.indexOf(name) + by;
          const element = button(`${title(name)}: ${label}`, null, by < 0 ? "↑" : "↓");
          element.setAttribute("aria-label", `${title(name)}: ${label}`);
          element.disabled = !names.includes(name) || to < 0 || to >= names.length;
          element.addEventListener("click", () => {
            const order = names.filter((other) => other !== name);
            order.splice(to, 0, name);
            view.setPanels(order);
            draw(name, label);
          });
          return element;
        };
        const [up, down] = [move("further up", -1), move("further down", 1)];
        const row = h("li", {}, h("label", {}, box, title(name)), up, down);
        if (name === focus)
          queueMicrotask(() => ({ "further up": up, "further down": down })[action]?.focus() ?? box.focus());
        return row;
      }),
    );
  };
  draw();
  return h(
    "div",
    {},
    list,
    h("p", { class: "rf-secondary" }, "In the notebook: rf.compare(…, panels=[…]) chooses them for every page."),
  );
}
