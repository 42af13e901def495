// The desk by keyboard, and pictures that are seen as they are only while a button is held down.
// Without this script every page works as it stands.

import * as storage from "./storage";

const OFF = "staydown-keys-off";
const HOLD_AFTER = 250;

const list = document.querySelector<HTMLElement>('[data-keys="list"]');
const rows = list ? [...list.children].filter((each): each is HTMLElement => each instanceof HTMLElement) : [];
const help = document.querySelector<HTMLDialogElement>("dialog[data-keys-help]");
let at = -1;

function move(by: number): void {
  if (!rows.length) return;
  rows[at]?.classList.remove("here");
  at = Math.min(rows.length - 1, Math.max(0, at + by));
  const row = rows[at]!;
  row.classList.add("here");
  row.scrollIntoView({ block: "nearest" });
  // What is focused is read out, and the Tab key goes on from here.
  row.querySelector<HTMLElement>("[data-open], [name=row], a, button, summary")?.focus({ preventScroll: true });
}

const here = <E extends HTMLElement>(selector: string): E | null => rows[at]?.querySelector<E>(selector) ?? null;

function chooseAll(): void {
  const boxes = [...document.querySelectorAll<HTMLInputElement>("[name=row]")];
  const isAll = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !isAll;
}

function press(key: string): boolean {
  const wanted = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (!wanted) return false;
  wanted.scrollIntoView({ block: "nearest" });
  wanted.focus({ preventScroll: true });
  // What decides is only focused: Enter says yes.
  if (!wanted.closest("#decide") && wanted.matches("a, button")) wanted.click();
  return true;
}

const KEYS: Record<string, () => unknown> = {
  j: () => move(1),
  k: () => move(-1),
  o: () => here<HTMLElement>("[data-open]")?.click(),
  x: () => here<HTMLInputElement>("[name=row]")?.click(),
  a: chooseAll,
  "?": () => help?.showModal(),
};

addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  const isTyping = target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
  if (isTyping && event.key === "Escape") target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || help?.open || storage.get(OFF)) return;
  if (event.key === "v") {
    if (!event.repeat) here<HTMLButtonElement>("[data-hold]")?.dispatchEvent(new Event("hold"));
    return;
  }
  if (KEYS[event.key] ? (KEYS[event.key]!(), true) : press(event.key)) event.preventDefault();
});
addEventListener("keyup", (event) => {
  if (event.key === "v") here<HTMLButtonElement>("[data-hold]")?.dispatchEvent(new Event("release"));
});

const isOn = help?.querySelector<HTMLInputElement>("[data-keys-on]");
if (isOn) {
  isOn.checked = !storage.get(OFF);
  isOn.addEventListener("change", () => (isOn.checked ? storage.remove(OFF) : storage.set(OFF, "yes")));
}
const opener = document.querySelector<HTMLElement>("[data-keys-opener]");
if (opener) opener.hidden = false;
opener?.addEventListener("click", () => help?.showModal());

/** While *button* is held, its picture is shown as it is; the server notes the look. */
function holds(button: HTMLButtonElement): void {
  const form = button.form!;
  const picture = button.closest("li, figure")?.querySelector<HTMLImageElement>("img.picture");
  if (!picture) return;
  const veiled = picture.getAttribute("src")!;
  let turn = 0;
  let timer = 0;
  let held = false;

  async function show(): Promise<void> {
    const mine = ++turn;
    held = true;
    const body = new FormData(form);
    body.set("hold", "yes");
    const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
    if (!answer?.ok || mine !== turn) return;
    const url = URL.createObjectURL(await answer.blob());
    if (mine === turn) picture!.src = url;
    else URL.revokeObjectURL(url);
  }
  function veil(): void {
    clearTimeout(timer);
    turn++;
    if (picture!.getAttribute("src") === veiled) return;
    URL.revokeObjectURL(picture!.src);
    picture!.src = veiled;
  }
  const begin = (): void => {
    held = false;
    clearTimeout(timer);
    timer = window.setTimeout(() => void show(), HOLD_AFTER);
  };
  button.addEventListener("pointerdown", begin);
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur", "release"]) button.addEventListener(name, veil);
  button.addEventListener("hold", () => void show());
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  // A short click shows it until the page is left, as without this script.
  button.addEventListener("click", (event) => {
    if (held) event.preventDefault();
    held = false;
  });
}
for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-hold]")) holds(button);
