/**
 * Takes the page anew every few seconds while someone looks, and puts its content in place of the old one.
 *
 * Without it the page is the same and is loaded anew by itself, every so often. What cannot be had is said, not hidden: numbers
 * that stand still look like numbers that are well.
 */
export const SCRIPT = `
"use strict";
const EVERY_MS = 5000;
const stale = document.getElementById("stale");
async function refresh() {
  const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(EVERY_MS) });
  if (!response.ok) throw new Error("HTTP status " + response.status);
  const next = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  if (next === null) throw new Error("this is another page");
  if (main.contains(document.activeElement)) return;
  const open = new Set(Array.from(main.querySelectorAll("details[open]"), (details) => details.id));
  const scrolled = Array.from(main.querySelectorAll(".scroll"), (part) => [part.getAttribute("aria-label"), part.scrollLeft]);
  main.replaceChildren(...next.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const [name, left] of scrolled) {
    const part = Array.from(main.querySelectorAll(".scroll")).find((other) => other.getAttribute("aria-label") === name);
    if (part !== undefined) part.scrollLeft = left;
  }
}
async function loop() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    if (document.hidden) continue;
    try {
      await refresh();
      stale.hidden = true;
    } catch (error) {
      if (stale.hidden) stale.textContent = "The agent has not answered since " + new Date().toLocaleTimeString() + " (" + error.message + "). What you see is from before.";
      stale.hidden = false;
    }
  }
}
loop();
`;
