"""Numbers as people read them: significant figures, true minus signs, shares, powers of ten."""

from __future__ import annotations

import math

MISSING = "–"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def significant(value: float, digits: int = 3) -> str:
    """`value` with `digits` significant figures; powers of ten, with three figures at most, below 0.001 and from 10⁶."""
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if not 0.001 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{min(digits, 3) - 1}e}".split("e")
        return f"{mantissa}·{_power(int(exponent))}".replace("-", "−")
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(decimals, 0)}f}".replace("-", "−")


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
        text = _power(exponent) if abs(mantissa - 1) < 1e-9 else f"{mantissa:g}·{_power(exponent)}"
        return text.replace("-", "−")
    return f"{value:g}".replace("-", "−")


def _power(exponent: int) -> str:
    return f"10{str(exponent).translate(_SUPERSCRIPT)}"


def amount(size: int) -> str:
    """Bytes for a person: 812 B, 1.2 MB."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} B"
