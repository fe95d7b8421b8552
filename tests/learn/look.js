// What a page of the site looks like: run in it by test_site_in_browser.py.
() => {
  const seen = element => element.checkVisibility({opacityProperty: true, visibilityProperty: true});
  const name = element => `${element.tagName} ${(element.innerText || element.alt || "").trim().slice(0, 40)}`;

  // contrast as WCAG 2.2 computes it, of the nearest background that is not transparent
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  canvas.canvas.width = canvas.canvas.height = 1;
  const known = {};
  const rgba = text => known[text] ??= (() => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  })();
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] / 255 + below[i] * (1 - top[3] / 255));
  const grounds = new Map([[null, matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255]]]);
  const ground = element => {
    if (!grounds.has(element))
      grounds.set(element, over(rgba(getComputedStyle(element).backgroundColor), ground(element.parentElement)));
    return grounds.get(element);
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script,style,mjx-container,svg,noscript") || !seen(element)) continue;
    const style = getComputedStyle(element), below = ground(element);
    const [a, b] = [light(over(rgba(style.color), below)), light(below)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) faint.add(`${ratio.toFixed(2)} ${style.color} on ${below.map(Math.round)} ${element.className} ${name(element)}`);
  }

  const images = [...document.querySelectorAll("article img, article svg[role=img]")];
  const width = document.documentElement.clientWidth;
  const scrolls = element => {
    for (let e = element; e && e !== document.body; e = e.parentElement)
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX)) return true;
    return false;
  };
  return {
    formulas: document.querySelectorAll("mjx-container").length,
    unset: [...document.querySelectorAll(".math")].filter(m => !m.querySelector("mjx-container")).map(name)
      .concat([...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(e => e.dataset.mjxError || name(e))),
    pictures: images.length,
    broken: images.filter(i => i.tagName === "IMG" && !i.naturalWidth).map(name),
    wordless: images.filter(i => !(i.alt || i.getAttribute("aria-label") || i.closest("[role=img][aria-label]")
      || i.querySelector("title"))).map(i => i.outerHTML.slice(0, 80)),
    faint: [...faint].slice(0, 8),
    wide: document.documentElement.scrollWidth <= width + 1 ? [] : [...document.querySelectorAll("article *")]
      .filter(e => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement)).slice(0, 5).map(name),
  };
}
