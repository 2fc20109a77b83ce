import { describe, expect, it } from "vitest";
import * as format from "../src/format";

const nbsp = (text: string) => text.replaceAll(" ", "\u00a0");

describe("numbers", () => {
  it.each([
    [0.04321, "0.0432"],
    [2.3531, "2.35"],
    [4.7, "4.70"],
    [-0.5, "−0.500"],
    [0.9996, "1.00"],
    [0.00023, "2.30·10⁻⁴"],
    [3466, "3,470"],
    [2.5e7, "2.50·10⁷"],
    [0, "0"],
    [Number.NaN, "–"],
    [null, "–"],
  ])("three significant figures of %s are %s", (value, text) => expect(format.significant(value)).toBe(text));

  it.each([
    [0.03714, "0.0371"],
    [0.12345, "0.1235"],
    [1.23456, "1.235"],
    [null, "–"],
  ])("the loss %s is %s", (value, text) => expect(format.loss(value)).toBe(text));

  it.each([
    [0.007, "0.7 %"],
    [0.0994, "9.9 %"],
    [0.0996, "10 %"],
    [0.104, "10 %"],
    [0, "0 %"],
    [1e-5, "0.001 %"],
  ])("the share %s is %s", (value, text) => expect(format.share(value)).toBe(nbsp(text)));

  it.each([
    [1.0184, 3, "1.018"],
    [1.0184, 2, "1.02"],
    [-0.25, 2, "−0.25"],
    [undefined, 2, "–"],
  ])("the ratio %s with %i decimals is %s", (value, decimals, text) =>
    expect(format.ratio(value, decimals)).toBe(text),
  );

  it.each([
    [0.1, "0.1"],
    [0.001, "0.001"],
    [0.0001, "10⁻⁴"],
    [1000, "10³"],
    [2e-5, "2·10⁻⁵"],
    [500, "500"],
    [-0.5, "−0.5"],
  ])("the tick %s is %s", (value, text) => expect(format.tick(value)).toBe(text));

  it("writes bytes, durations and counts for a person", () => {
    expect([format.bytes(812), format.bytes(4300), format.bytes(2.1e6)]).toEqual(["812 B", "4.3 kB", "2.1 MB"]);
    expect([format.duration(3.14), format.duration(42), format.duration(187), format.duration(7322)]).toEqual([
      "3.1 s",
      "42 s",
      "3 min 7 s",
      "2 h 2 min",
    ]);
    expect([format.count(2), format.count(11), format.whole(3466)]).toEqual(["two", "11", "3,466"]);
    expect(format.percentTick(0.1)).toBe("10 %");
  });
});
