"""SVG written by hand: elements, a page that is light or dark as the reader's screen, and films made of still pictures.

A picture brings its own background and switches it together with its colours (prefers-color-scheme), so that it can be
read on any page.  A film is one still picture, whole without any animation, whose parts are hidden until their step:

    <g style="animation: mg-hidden 3s">     is not there for 3 seconds
    <g style="...; opacity: 0">             is there from second 3 to second 4

A reader who wants no motion (prefers-reduced-motion), or whose viewer has none, sees the whole.
"""
import base64
import hashlib
import html
import re
from pathlib import Path

from ..support.files import atomic_write

# class -> (light, dark): colours of the page, text, boxes and lines by what they mean (after Okabe and Ito 2008)
COLOURS = {
    "page": ("#ffffff", "#14181d"), "text": ("#1b1f24", "#e8eaed"), "quiet": ("#57606a", "#a5adb6"),
    "line": ("#6e7781", "#8b949e"), "body": ("#ffffff", "#1b2027"),
    "op": ("#d3e7f5", "#123a57"), "op-edge": ("#0072b2", "#56b4e9"),
    "leaf": ("#fbe6bd", "#4d3a07"), "leaf-edge": ("#9a6400", "#e69f00"),
    "constant": ("#e9ebee", "#2b313a"), "constant-edge": ("#6e7781", "#8b949e"),
    "gradient": ("#a33f00", "#ff9e5e"), "on": ("#0072b2", "#56b4e9"), "back": ("#d55e00", "#ff9e5e"),
    "forward": ("#0072b2", "#56b4e9"), "backward": ("#a33f00", "#ff9e5e"), "badge": ("#ffffff", "#14181d"),
}
STROKES = {"line", "on", "back", *(name for name in COLOURS if name.endswith("edge"))}
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
EM = 0.62                                   # letters of one width, so that boxes fit: at most 0.62 of the font size
PACE = 1.2                                  # seconds for each step of a film


def element(name, *content, **attributes):
    """<name attributes>content</name>.  class_ is class, stroke_width is stroke-width; numbers get one decimal."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{words(_number(value), quote=True)}"'
                      for key, value in attributes.items() if value is not None)
    return f"<{name}{written}>{''.join(content)}</{name}>" if content else f"<{name}{written}/>"


def _number(value):
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, (int, float)) else str(value)


def words(text, quote=False):
    """text as the content of an element: escaped, without characters that XML has no place for."""
    return html.escape(re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]", "\ufffd", text), quote)


def text(x, y, string, class_, anchor=None, style=None):
    return element("text", words(string), x=x, y=y, class_=class_, text_anchor=anchor, style=style)


def stylesheet(*rules):
    """The colours, light and dark, as CSS classes: mg-op fills, mg-op-edge draws lines."""
    def colours(which):
        return "".join(f".mg-{name}{{{'stroke' if name in STROKES else 'fill'}:{pair[which]}}}"
                       for name, pair in COLOURS.items())
    return element("style", "".join([
        f".mg text{{font-family:{FONT};font-size:11px;white-space:pre}}.mg .mg-title{{font-weight:600}}", *rules,
        colours(0),
        f"@media (prefers-color-scheme:dark){{{colours(1)}}}",
        "@keyframes mg-hidden{0%,100%{opacity:0}}@keyframes mg-seen{0%,100%{opacity:1}}",
        "@media (prefers-reduced-motion:reduce){.mg:not(.mg-held) *{animation:none!important}}"]))


def until(step, pace=PACE):
    """The style of what is hidden before a step of a film."""
    return f"animation:mg-hidden {step * pace:.2f}s" if step else None


def only(step, pace=PACE):
    """The style of what is seen during one step alone."""
    return f"opacity:0;animation:mg-seen {pace}s {step * pace:.2f}s"


class Drawing:
    """An SVG that shows itself in a notebook.

    title, alt      what it is, in a few words; and what one sees, in one or two sentences: str(drawing)
    details         the whole content in words, for those who listen to it
    """

    def __init__(self, width, height, title, alt, details, *parts):
        self.title, self.alt = title, alt
        self.svg = element(
            "svg", element("title", words(title)), element("desc", words(details)),
            element("rect", class_="mg-page", width=width, height=height, rx=6), *parts,
            xmlns="http://www.w3.org/2000/svg", class_="mg", role="img", aria_label=self.alt,
            viewBox=f"0 0 {width:.0f} {height:.0f}", width=f"{width:.0f}", height=f"{height:.0f}",
            style="max-width:100%;height:auto")

    def _repr_svg_(self):
        return self.svg

    def __repr__(self):
        return self.alt

    def save(self, path):
        """Write the picture to an .svg file: all of it or nothing.  Returns the path."""
        return _write(path, {".svg": self.svg})


class Film(Drawing):
    """A drawing with steps: in a notebook and as an .html file it has a slider; as an .svg file it plays once."""

    steps, pace = 0, PACE                   # after the last step, all is seen

    _repr_svg_ = None                       # the notebook takes the HTML below

    def _repr_html_(self):
        data = base64.b64encode(self.svg.encode()).decode()
        name = "mg-film-" + hashlib.sha256(self.svg.encode()).hexdigest()[:8]
        image = element("img", src=f"data:image/svg+xml;base64,{data}", alt=self.alt, style="max-width:100%")
        script = SLIDER.replace("NAME", name).replace("STEPS", str(self.steps)).replace("PACE", str(self.pace))
        return element("div", image, element("script", script), class_=name)

    def save(self, path):
        """Write the film to an .html file with a slider, or to an .svg file that plays once.  Returns the path."""
        head = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{words(self.title)}</title>'
        return _write(path, {".svg": self.svg, ".html": f"{head}{self._repr_html_()}</html>"})


def _write(path, forms):
    kind = Path(path).suffix.lower()
    if kind not in forms:
        raise ValueError(f"save: the file's name must end in {' or '.join(forms)}, not {str(path)!r}")
    with atomic_write(path, "w") as file:
        file.write(forms[kind])
    return path


# The picture in the page is replaced by its SVG, whose animations are held; the slider sets their time.  Where scripts
# are not run the picture stays: it plays once and then shows the whole.
SLIDER = """
for (const film of document.querySelectorAll(".NAME")) {
  const image = film.querySelector("img");
  if (!image) continue;
  const bytes = Uint8Array.from(atob(image.src.split(",")[1]), c => c.charCodeAt(0));
  const parsed = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml").documentElement;
  const svg = document.importNode(parsed, true);
  svg.classList.add("mg-held");
  image.replaceWith(svg);
  const animations = svg.getAnimations({subtree: true});
  animations.forEach(a => a.pause());
  const bar = film.appendChild(document.createElement("div"));
  const play = bar.appendChild(document.createElement("button"));
  const slider = bar.appendChild(document.createElement("input"));
  bar.style = "display:flex;gap:8px;max-width:480px";
  slider.style.flex = 1;
  Object.assign(slider, {type: "range", min: 0, max: STEPS, value: STEPS, ariaLabel: "step"});
  let timer = null;
  const show = step => {
    slider.value = step;
    animations.forEach(a => a.currentTime = (+step + 0.5) * PACE * 1000);
  };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "\\u25b6"; play.ariaLabel = "play"; };
  play.onclick = () => {
    if (timer) return stop();
    if (+slider.value >= STEPS) show(0);
    play.textContent = "\\u23f8"; play.ariaLabel = "pause";
    timer = setInterval(() => { show(+slider.value + 1); if (+slider.value >= STEPS) stop(); }, PACE * 1000);
  };
  slider.oninput = () => { stop(); show(slider.value); };
  stop(); show(STEPS);
}
"""
