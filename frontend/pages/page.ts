// Every page for the person: leaving it at once, so that "back" does not show it again; and
// once the notice has arrived, no draft of it is left. It runs before anything is shown.

import { forget } from "./draft";
import * as storage from "./storage";

const LEFT = "staydown-left";
const IN_A_ROW = 3;
const SECONDS = 2;

// Ours forgets the receipt on its way; without a connection, an error page would name it.
const { ours = "/", theirs = "/" } = (document.currentScript as HTMLScriptElement).dataset;

function leave(): void {
  // At once: the next page may take its time.
  document.documentElement.hidden = true;
  document.title = "";
  storage.clear();
  storage.set(LEFT, "yes");
  location.replace(navigator.onLine ? ours : theirs);
}

/** Somebody who left quickly and came here by "back" does not want to see the page. */
function leaveAgain(isBack: boolean): void {
  if (isBack && storage.get(LEFT)) leave();
  else if (!isBack) storage.remove(LEFT);
}

const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
leaveAgain(navigation?.type === "back_forward");
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) leaveAgain(true);
});

let pressed: number[] = [];
addEventListener("keydown", ({ key, timeStamp }) => {
  pressed = key === "Escape" ? [...pressed, timeStamp].slice(-IN_A_ROW) : [];
  if (pressed.length === IN_A_ROW && timeStamp - pressed[0]! < SECONDS * 1000) leave();
});

addEventListener("DOMContentLoaded", () => {
  document.querySelector("[data-leave]")?.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  if (document.querySelector("[data-receipt]")) forget();
});
