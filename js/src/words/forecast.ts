/** What forecasts said against what then happened. */
import * as format from "../format";
import type { Forecast, Pair } from "../views/forecasts";
import { type Sentence, stepOf, strong } from "./sentence";

/** Differences below this share are told as none. */
const SAME = 0.0005;

export function aboutForecast(forecast: Forecast, brief = false): Sentence {
  const { name, from, until, step, loss, sharpness, training, change } = forecast;
  const who = strong(format.capital(name));
  if (until === null) return [who, " has no step yet."];
  if (step === null) {
    if (brief) return [who, `: nothing to compare yet, it goes to ${stepOf(until)}.`];
    const where =
      training !== null && training > from
        ? `no step after ${format.whole(from)} has been measured in both yet`
        : `training is not beyond ${stepOf(from)} yet`;
    return [who, ` goes to ${stepOf(until)}; ${where}: there is nothing to compare.`];
  }
  const pairs = [
    loss && said("loss", loss, format.loss, brief, true),
    sharpness && said("sharpness", sharpness, (value) => format.significant(value), brief, !loss),
  ].filter((text) => text !== null);
  const unaware =
    change === null || brief
      ? ""
      : ` The ${change.name} was changed at ${stepOf(change.step)}, which it could not know.`;
  return [who, ` at ${stepOf(step)}: ${pairs.join(brief ? ", " : ", and ")}.${unaware}`];
}

function said(
  what: string,
  { forecast, happened }: Pair,
  text: (value: number) => string,
  brief: boolean,
  first: boolean,
): string {
  const off = (forecast - happened) / Math.abs(happened);
  const size = format.share(Math.abs(off));
  const how = !Number.isFinite(off) || Math.abs(off) < SAME ? "as it came" : `${size} too ${off > 0 ? "high" : "low"}`;
  if (brief) return `${what} ${how}`;
  return `${first ? "it said " : ""}${what}\u00a0${text(forecast)} where ${first ? "training" : "it"} has\u00a0${text(happened)} (${how})`;
}
