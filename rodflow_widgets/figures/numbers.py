"""Numbers as people read them: significant figures, true minus signs, shares, powers of ten."""

from __future__ import annotations

import math

MISSING = "–"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def significant(value: float, digits: int = 3) -> str:
    """`value` with `digits` significant figures; powers of ten below 0.001 and from 100,000."""
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - exponent)
    exponent = math.floor(math.log10(abs(rounded)))
    if exponent < -3 or exponent >= 5:
        mantissa = rounded / 10.0**exponent
        text = f"{mantissa:.{max(digits - 2, 0)}f}"
        power = f"10{str(exponent).translate(_SUPERSCRIPT)}"
        return (power if text in ("1", "1.0") else f"{text} × {power}").replace("-", "−")
    return f"{rounded:,.{max(digits - 1 - exponent, 0)}f}".replace("-", "−")


def ratio(value: float) -> str:
    """A sharpness ratio: three decimals."""
    return f"{value:.3f}".replace("-", "−") if math.isfinite(value) else MISSING


def share(value: float) -> str:
    """A share of one as per cent: two significant figures, no decimals from 10 %."""
    if not math.isfinite(value):
        return MISSING
    percent = 100 * value
    if percent >= 9.95:
        return f"{percent:,.0f} %"
    return f"{significant(percent, 2)} %"


def tick(value: float, *, percent: bool = False) -> str:
    """The label of an axis: short, powers of ten below 0.001 and from 10³."""
    if percent:
        return f"{100 * value:g} %".replace("-", "−")
    exponent = math.floor(math.log10(abs(value)) + 1e-9) if value else 0
    if value and (exponent < -3 or exponent >= 3):
        mantissa = value / 10.0**exponent
        power = f"10{str(exponent).translate(_SUPERSCRIPT)}"
        return power if abs(mantissa - 1) < 1e-9 else f"{mantissa:g}×{power}"
    return f"{value:g}".replace("-", "−")
