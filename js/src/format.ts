/** The number rules of the design: significant figures, powers, true minus sign, thin grouping, "–" for missing. */

const MISSING = "–";
const SUPERSCRIPT: Record<string, string> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

type Value = number | null | undefined;

function missing(value: Value): value is null | undefined {
  return value === null || value === undefined || !Number.isFinite(value);
}

const formats: Intl.NumberFormat[] = [];

/** With commas between thousands; a format is made once, which takes longer than all of its uses in a second. */
function grouped(value: number, digits: number): string {
  formats[digits] ??= new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return formats[digits].format(value);
}

function minus(text: string): string {
  return text.replace("-", "−");
}

/** 10⁻⁴ */
export function power(exponent: number): string {
  return `10${[...String(exponent)].map((digit) => SUPERSCRIPT[digit]).join("")}`;
}

/** `value` with `figures` significant figures: 0.0371, 2.35, 4.70, 1.3·10⁻⁵, 1,234. */
export function significant(value: Value, figures = 3): string {
  if (missing(value)) return MISSING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.001 || size >= 1e6) {
    const [mantissa, exponent] = value.toExponential(Math.min(figures, 3) - 1).split("e");
    return minus(`${mantissa}·${power(Number(exponent))}`);
  }
  const rounded = Number(value.toPrecision(figures));
  const digits = Math.max(0, figures - 1 - Math.floor(Math.log10(Math.abs(rounded))));
  return minus(grouped(rounded, digits));
}

/** Losses carry four figures from 1 on, else at most four decimals' worth of three to four figures. */
export function loss(value: Value): string {
  if (missing(value)) return MISSING;
  const size = Math.abs(value);
  return significant(value, size >= 0.1 ? 4 : size >= 0.01 ? 3 : 3);
}

/** Two decimals in prose, three in tables. */
export function ratio(value: Value, decimals = 3): string {
  if (missing(value)) return MISSING;
  return Math.abs(value) >= 1000 ? significant(value) : minus(value.toFixed(decimals));
}

/** Shares: "0.7 %", from 10 % on without decimals; number and sign stay on one line. */
export function share(value: Value): string {
  if (missing(value)) return MISSING;
  const percent = 100 * value;
  const size = Math.abs(percent);
  if (size === 0) return "0\u00a0%";
  if (size < 0.05) return `${significant(percent, 1)}\u00a0%`;
  if (size >= 1e5) return `${significant(percent, 2)}\u00a0%`;
  const digits = size >= 9.95 ? 0 : 1;
  return `${minus(grouped(percent, digits))}\u00a0%`;
}

/** A number as a person would type it: 0.6, 0.085, 12. */
export function plain(value: Value): string {
  if (missing(value)) return MISSING;
  return minus(String(Number(value.toPrecision(4))));
}

/** A hyperparameter for a person: what a decay forgets to two figures, a power of ten as such, else as typed. */
export function value(value: Value, scale: "linear" | "log" | "decay"): string {
  if (missing(value)) return MISSING;
  if (scale === "decay") return String(Number(value.toFixed(decimals(value))));
  return value !== 0 && Math.abs(value) < 0.001 ? tick(value, 2) : plain(value);
}

/** The same for a field that takes numbers. */
export function field(value: number, scale: "linear" | "log" | "decay"): string {
  return scale === "decay" ? String(Number(value.toFixed(decimals(value)))) : String(Number(value.toPrecision(4)));
}

/** Decimals that show two figures of 1 − value. */
function decimals(value: number): number {
  const forgotten = Math.max(1 - value, 1e-12);
  return Math.max(3, Math.ceil(-Math.log10(forgotten) - 1e-9) + 1);
}

export function whole(value: Value): string {
  return missing(value) ? MISSING : minus(grouped(Math.round(value), 0));
}

/** "step 486 of 600", or "step 486" where nobody knows how many there will be. */
export function progress(step: number, steps: number | null): string {
  return `step ${whole(step)}${steps === null ? "" : ` of ${whole(steps)}`}`;
}

/** Axis labels: powers below 0.001 and from 10³ on. */
export function tick(value: number, figures = 4): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.00099999 || size >= 1000) {
    const exponent = Math.floor(Math.log10(size) + 1e-9);
    const mantissa = Number((value / 10 ** exponent).toPrecision(figures));
    return minus(mantissa === 1 ? power(exponent) : `${mantissa}·${power(exponent)}`);
  }
  return minus(String(Number(value.toPrecision(6))));
}

export function percentTick(value: number): string {
  const percent = 100 * value;
  return `${Math.abs(percent) >= 1000 || Math.abs(percent) < 0.00099 ? tick(percent) : minus(String(Number(percent.toPrecision(6))))} %`;
}

/** "2.1 MB" */
export function bytes(value: Value): string {
  if (missing(value)) return MISSING;
  if (value < 1000) return `${Math.round(value)} B`;
  if (value < 1e6) return `${significant(value / 1e3, 2)} kB`;
  if (value < 1e9) return `${(value / 1e6).toFixed(1)} MB`;
  return `${(value / 1e9).toFixed(1)} GB`;
}

/** "3 min 7 s" */
export function duration(seconds: Value): string {
  if (missing(seconds)) return MISSING;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** "two", "eleven" stays 11. */
export function count(value: number): string {
  return WORDS[value] ?? String(value);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
