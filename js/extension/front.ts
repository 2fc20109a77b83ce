/** The front end of live views, loaded when the first saved run is seen. */
import css from "@rodflow/style";
import { type Code, styleSheet } from "../src/placed";
import { mountRecorded } from "../src/recorded";

export const code: Code = { mountRecorded, styles: styleSheet(css) };
