"""What it refuses to open, and why."""

from dataclasses import dataclass


class Rejected(Exception):
    """This picture can never work. `detail` is for its owner."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """Sides and pixels of one frame, frames, pixels over all frames."""

    max_side: int = 16384
    max_pixels: int = 50_000_000
    max_frames: int = 300
    max_total_pixels: int = 100_000_000

    def check(self, width: int, height: int, frames: int) -> None:
        """Raises `Rejected` for what is too large or has too many frames."""
        if max(width, height) > self.max_side or width * height > self.max_pixels:
            raise Rejected(
                "image-too-large",
                f"The picture has {width} x {height} pixels; at most {self.max_side} a side and "
                f"{self.max_pixels} in all are taken.",
            )
        if frames > self.max_frames:
            raise Rejected(
                "too-many-frames",
                f"The animation has {frames} frames; at most {self.max_frames} are taken.",
            )
        if width * height * frames > self.max_total_pixels:
            raise Rejected(
                "image-too-large",
                f"The animation has {frames} frames of {width} x {height} pixels; at most "
                f"{self.max_total_pixels} pixels over all frames are taken.",
            )
