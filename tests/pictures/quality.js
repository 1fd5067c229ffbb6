// What is wrong with a page, each a line: who cannot read it, find their way in it, or reach something with the keyboard?
() => {
  const wrong = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const say = (what, element) => wrong.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  const seen = (element) => element.getClientRects().length > 0;

  // WCAG 2.2, 1.4.3: the ratio of text to what is behind it, by relative luminance.
  const printed = matchMedia("print").matches;
  const colour = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
  const over = (front, back) => Object.fromEntries(
    ["r", "g", "b"].map((part) => [part, front[part] * front.a + back[part] * (1 - front.a)]).concat([["a", 1]]));
  const light = ({ r, g, b }) => [[r, .2126], [g, .7152], [b, .0722]].reduce((sum, [part, weight]) => {
    const share = part / 255;
    return sum + weight * (share <= .04045 ? share / 12.92 : ((share + .055) / 1.055) ** 2.4);
  }, 0);
  const known = new Map();
  const behind = (element) => {
    // Browsers print no backgrounds unless they are told to.
    if (element === null) return { r: 255, g: 255, b: 255, a: 1, opacity: 1 };
    if (!known.has(element)) {
      const style = getComputedStyle(element);
      const rect = element.tagName === "text" ? element.parentElement.querySelector(":scope > rect") : null;
      const own = colour(rect ? getComputedStyle(rect).fill : style.backgroundColor);
      const back = behind(element.parentElement);
      known.set(element, { ...(printed ? back : over(own, back)), opacity: back.opacity * Number(style.opacity) });
    }
    return known.get(element);
  };
  let told = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.textContent.trim() === "" || !seen(element) || element.closest("script, style")) continue;
    told += 1;
    const style = getComputedStyle(element);
    const back = behind(element);
    const ink = colour(element.tagName === "text" ? style.fill : style.color);
    const [high, low] = [light(over({ ...ink, a: ink.a * back.opacity }, back)), light(back)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + .05) / (low + .05);
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, element);
  }
  if (told < 10) wrong.push(`only ${told} texts`);

  // Landmarks, headings, tables and labels.
  if (document.documentElement.lang !== "en" || document.title === "") wrong.push("no language or no title");
  for (const one of ["main", "h1"]) if (all(one).length !== 1) wrong.push(`${all(one).length} of ${one}`);
  let level = 0;
  for (const one of all("h1, h2, h3, h4, h5, h6")) {
    if (Number(one.tagName[1]) > level + 1) say(`a level is left out after ${level}`, one);
    level = Number(one.tagName[1]);
    if (one.textContent.trim() === "") say("an empty heading", one);
  }
  for (const one of all("th")) if (!["row", "col"].includes(one.scope)) say("no scope", one);
  for (const one of all("tbody tr")) if (!one.querySelector("th[scope=row]")) say("nothing heads the row", one);
  for (const one of all("table")) if (!one.closest("section, article")) say("a table of no part", one);
  for (const one of all("select, textarea:not([hidden]), input:not([type=hidden])")) if (one.labels.length !== 1) say("no label", one);
  for (const one of all("nav, svg:not(svg svg), [role=region]")) if (!one.getAttribute("aria-label")) say("no name", one);
  for (const one of all("[role=img] a")) say("a link within what is one picture", one);
  for (const one of all("[aria-labelledby]")) {
    if (!document.getElementById(one.getAttribute("aria-labelledby"))) say("named by nothing", one);
  }
  const ids = all("[id]").map((one) => one.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id twice");
  const served = location.protocol !== "file:";  // a page in one file leads to nothing else, one of a service does
  for (const one of all(served ? "a[href^='#']" : "a[href]")) {
    if (!document.getElementById(decodeURIComponent(one.getAttribute("href").slice(1)))) say("leads nowhere", one);
  }

  // Whatever is to be used is reached with the keyboard, in the order in which it stands there.
  for (const one of all("a, summary, select, textarea, input:not([type=hidden]), button")) {
    if (one.tabIndex !== 0) say("not reached by the keyboard", one);
  }
  for (const one of all("body *")) {
    const { overflowX, overflowY } = getComputedStyle(one);
    const cut = (overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1)
      || (overflowY !== "visible" && one.scrollHeight > one.clientHeight + 1);
    const element = one.tagName.toLowerCase() !== "select" && one.tagName.toLowerCase() !== "option";
    if (cut && element && seen(one) && (printed || one.tabIndex !== 0)) say("cut, and not to be scrolled", one);
    if (seen(one) && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
      && !one.closest("[tabindex]")) say("beyond the edge", one);
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) wrong.push("wider than the screen");
  return wrong;
}
