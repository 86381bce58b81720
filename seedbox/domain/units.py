"""Units of the trade, and the one place where a number becomes the text that a page shows."""

from seedbox.domain.language import number

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

PPM = 1_000_000

_SIZE_STEPS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
NOTHING = "\N{EN DASH}"
_ETA_CAP_S = 100 * 86_400  # beyond a hundred days an estimate says nothing


def format_bytes(size_bytes: int) -> str:
    """Write a size with three significant digits: 0 B, 1.50 KiB, 12.3 MiB, 456 GiB."""
    value = float(size_bytes)
    step = 0
    while value >= 999.5 and step < len(_SIZE_STEPS) - 1:
        value /= 1024
        step += 1
    if step == 0:
        return f"{size_bytes} B"
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{number(f'{value:,.{decimals}f}')} {_SIZE_STEPS[step]}"


def format_speed(speed_bytes_per_s: int) -> str:
    """Write a speed, or a dash when nothing moves."""
    return f"{format_bytes(speed_bytes_per_s)}/s" if speed_bytes_per_s > 0 else NOTHING


def format_progress(progress_ppm: int) -> str:
    """Write a share as a percentage, rounded down: 100 % means complete, never "nearly"."""
    if progress_ppm >= PPM:
        return "100 %"
    return number(f"{progress_ppm // 1_000 / 10:.1f} %")


def format_ratio(uploaded_bytes: int, size_bytes: int) -> str:
    """Write uploaded ÷ size with two decimals, rounded down; a dash when there is no size yet."""
    if size_bytes <= 0:
        return NOTHING
    hundredths = uploaded_bytes * 100 // size_bytes
    return number(f"{hundredths // 100:,}.{hundredths % 100:02d}")


def format_count(count: int) -> str:
    """Write how many there are: 12, 1,234."""
    return number(f"{count:,}")


def format_decimal(value: float, decimals: int) -> str:
    """Write a figure that is measured, not money, with so many decimals."""
    return number(f"{value:,.{decimals}f}")


def format_duration(duration_s: int) -> str:
    """Write a duration in its two largest units: 42 s, 3 min 10 s, 5 h 2 min, 12 d 4 h."""
    minutes, seconds = divmod(max(duration_s, 0), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s"


def format_eta(eta_s: int | None) -> str:
    """Write the time left, ∞ when nothing moves or it would take over a hundred days."""
    if eta_s is None or eta_s > _ETA_CAP_S:
        return "∞"
    return format_duration(eta_s)


def progress_ppm(*, done_bytes: int, wanted_bytes: int) -> int:
    """Return the share that is done in parts per million, rounded down so that 10⁶ means every byte."""
    if wanted_bytes <= 0:
        return 0
    return min(done_bytes, wanted_bytes) * PPM // wanted_bytes
