import type { Page } from "playwright-core";

/** The least contrast of text to its ground. @see WCAG 2.2, success criterion 1.4.3 (AA). */
export const LEAST_CONTRAST = 4.5;

/** Runs in the page: every text with less contrast to its ground than that, as it was computed. */
export const poorContrasts = (page: Page): Promise<readonly string[]> =>
  page.evaluate((least) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour: string): readonly number[] => {
      if (canvas === null) throw new Error("no canvas");
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour: readonly number[]): number => {
      const [r = 0, g = 0, b = 0] = colour.map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (element: Element | null): readonly number[] => {
      for (let each = element; each !== null; each = each.parentElement) {
        const colour = rgba(getComputedStyle(each).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255, 255];
    };
    const poor: string[] = [];
    for (const element of document.querySelectorAll("body *")) {
      const text = [...element.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => node.textContent?.trim() ?? "");
      if (text.join("") === "" || element.closest("svg, script, noscript, [hidden]") !== null) continue;
      const [front, back] = [luminance(rgba(getComputedStyle(element).color)), luminance(groundOf(element))];
      const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      if (contrast < least) poor.push(`${text.join(" ").slice(0, 40)}: ${contrast.toFixed(2)}`);
    }
    return poor;
  }, LEAST_CONTRAST);

/** Elements that stick out of the page to the right, but for those that scroll by themselves. */
export const sticksOut = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.closest(".scroll, thead") === null && element.getBoundingClientRect().right > width + 1)
      .map((element) => `${element.tagName}.${element.className}: ${element.textContent?.slice(0, 40)}`);
  });
