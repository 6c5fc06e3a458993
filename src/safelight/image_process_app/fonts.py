"""The font that texts are drawn with: one file that comes with a package, no font of the system."""

from importlib.resources import files
from pathlib import Path

FONT_FILE = str(files("noto_cjk_sans_otc") / "NotoSansCJK-Regular.ttc")
"""Latin, Cyrillic, Chinese, Japanese and Korean letters; any other is drawn as a box."""
FONT = "Noto Sans CJK JP"
FONTCONFIG_FILE = str(Path(__file__).with_name("fonts.conf"))
"""For the environment of whoever draws: names no folder, so that letters look the same on every
machine, and nothing is searched or complained about."""
