// Every page for the person: leaving it at once, so that "back" does not show it again; and
// once the notice has arrived, no draft of it is left.

import { forget } from "./draft";

const LEFT = "staydown-left";
const IN_A_ROW = 3;
const SECONDS = 2;

const link = document.querySelector<HTMLAnchorElement>("[data-leave]");

function leave(): void {
  if (!link) return;
  // At once: the next page may take its time.
  document.documentElement.hidden = true;
  sessionStorage.clear();
  sessionStorage.setItem(LEFT, "yes");
  location.replace(link.href);
}

link?.addEventListener("click", (event) => {
  event.preventDefault();
  leave();
});

let pressed: number[] = [];
addEventListener("keydown", ({ key, timeStamp }) => {
  pressed = key === "Escape" ? [...pressed, timeStamp].slice(-IN_A_ROW) : [];
  if (pressed.length === IN_A_ROW && timeStamp - pressed[0]! < SECONDS * 1000) leave();
});

addEventListener("pageshow", ({ persisted }) => {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const isBack = persisted || navigation?.type === "back_forward";
  if (isBack && sessionStorage.getItem(LEFT)) leave();
  // Somebody who comes here anew wants to see the page.
  else sessionStorage.removeItem(LEFT);
});

if (document.querySelector("[data-receipt]")) forget();
