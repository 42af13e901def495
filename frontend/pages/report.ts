// The notice form as a conversation of short steps. Without this script it is one page.

import * as draft from "./draft";
import { Files } from "./files";

/** What looks like a link; the server looks closer (`notices/report.py`). */
const LINK = /https?:\/\/\S|www\.\S|[\w-]\.[a-z]{2,}\/\S/i;
const SAVE_AFTER = 300;

/** What the browser's history knows of a step, and of the one before it. */
interface Place {
  step: number;
  from?: number;
}

const form = document.querySelector<HTMLFormElement>("#report");
if (form) converse(form);

function converse(form: HTMLFormElement): void {
  const one = <T extends Element = HTMLElement>(selector: string): T => form.querySelector<T>(selector)!;
  const input = (id: string): HTMLInputElement => one(`#${id}`);
  const steps = [...form.querySelectorAll<HTMLElement>(".step")];
  const last = steps.length - 1;
  const sendButton = one<HTMLButtonElement>("[data-send]");
  const waiting = one("[data-waiting]");
  const chooser = input("files");
  const kept = one<HTMLInputElement>("[name=kept]");
  let current = 0;

  const save = () => draft.save(form, current, files.kept);
  const files = new Files(
    {
      list: one("[data-list]"),
      template: one("#file-row"),
      field: one("#fingerprints"),
      upload: input("carried"),
      chooser,
      status: one("[data-status]"),
      limit: Number(form.dataset.limit),
      whole: one<HTMLProgressElement>("[data-waiting] progress"),
    },
    save,
  );

  function show(step: number, focus = true): void {
    current = step;
    steps.forEach((element, number) => (element.hidden = number !== step));
    files.afterwards(null);
    waiting.hidden = true;
    save();
    if (focus) steps[step]!.querySelector<HTMLElement>("h2")!.focus();
  }

  /** What this step still lacks, by the name of its question; the server asks the same. */
  function missing(): string | null {
    const isEmpty = (id: string) => input(id).value.trim() === "";
    const mayBeNameless = form.dataset.nameless !== undefined && input("about_minor").checked;
    const lacks: Array<() => string | null> = [
      () => {
        if (!files.isEmpty || (kept.value && !input("leave_out").checked)) return null;
        if (input("kind-deposit").checked) return "fingerprints";
        if (isEmpty("places")) return "pictures";
        return LINK.test(input("places").value) ? null : "no_link";
      },
      () => {
        if (input("standing-other").checked && isEmpty("on_behalf_of")) return "on_behalf_of";
        return input("good_faith").checked ? null : "good_faith";
      },
      () => {
        if (mayBeNameless) return null;
        return isEmpty("contact") ? "contact" : isEmpty("signature") ? "signature" : null;
      },
    ];
    return lacks[current]!();
  }

  function hideQuestions(): void {
    for (const question of form.querySelectorAll<HTMLElement>("[data-ask]")) question.hidden = true;
  }

  function ask(name: string): void {
    const question = one(`[data-ask=${name}]`);
    question.hidden = false;
    one(`[aria-describedby~=${question.id}]`)?.focus();
  }

  /** Ask what is missing in this step; true if nothing is. */
  function isComplete(): boolean {
    hideQuestions();
    const name = missing();
    if (name !== null) ask(name);
    return name === null;
  }

  function next(): void {
    if (!isComplete()) return;
    // A step is a page to whoever presses the browser's "back".
    history.pushState({ step: current + 1, from: current } satisfies Place, "");
    show(current + 1);
  }

  function back(): void {
    const place = history.state as Place | null;
    if (place?.from === current - 1) return history.back();
    history.replaceState({ step: current - 1 } satisfies Place, "");
    show(current - 1);
  }

  /** Show what belongs to what was chosen. */
  function onChoice(): void {
    const chosen = ["kind", "standing"].map((name) => one<HTMLInputElement>(`[name=${name}]:checked`).value);
    for (const part of form.querySelectorAll<HTMLElement>("[data-for]")) {
      part.hidden = !chosen.includes(part.dataset.for!);
    }
    // A picture of a child is sent to nobody.
    files.maySend = !input("about_minor").checked;
  }

  /** Press `button` once every file has its fingerprint; a file without one is looked at first. */
  function waitFor(button: HTMLElement): void {
    waiting.hidden = false;
    files.afterwards((isWhole) => {
      waiting.hidden = true;
      if (isWhole) button.click();
      else show(0);
    });
  }

  let saving = 0;
  form.addEventListener("input", () => {
    hideQuestions();
    clearTimeout(saving);
    saving = setTimeout(save, SAVE_AFTER);
  });
  addEventListener("pagehide", () => {
    // Only what is still to be saved: the page may be one that was left for good.
    if (saving && !document.documentElement.hidden) save();
  });
  form.addEventListener("change", onChoice);
  chooser.addEventListener("change", () => {
    const isAll = files.add([...(chooser.files ?? [])]);
    chooser.value = "";
    if (!isAll) ask("too_many");
  });
  for (const button of form.querySelectorAll("[data-next]")) button.addEventListener("click", next);
  for (const button of form.querySelectorAll("[data-back]")) {
    button.addEventListener("click", back);
  }
  addEventListener("popstate", ({ state }) => {
    const place = state as Place | null;
    if (place) show(Math.min(place.step, last));
  });
  form.addEventListener("submit", (event) => {
    const { submitter } = event;
    // Another language keeps everything, so nothing is asked for.
    const isLanguage = submitter?.getAttribute("name") === "language";
    if (!isLanguage && current < last) {
      event.preventDefault();
      next();
    } else if (!isLanguage && !isComplete()) {
      event.preventDefault();
    } else if (files.isBusy) {
      event.preventDefault();
      waitFor(isLanguage ? (submitter as HTMLElement) : sendButton);
    }
  });

  for (const part of document.querySelectorAll<HTMLElement>("[data-with-script]")) part.hidden = false;
  for (const part of document.querySelectorAll<HTMLElement>("[data-without-script]")) part.hidden = true;
  // A field without a name is not sent.
  chooser.removeAttribute("name");
  // A page that answers a form has what was typed; a new one gets it from the draft.
  const found = form.dataset.answer === undefined ? draft.restore(form) : null;
  onChoice();
  files.restore(found?.files ?? []);
  one("#files-kept").hidden = !kept.value;
  const asked = steps.findIndex((step) => step.querySelector(".question:not([hidden])"));
  const step = form.dataset.ready !== undefined ? last : Math.min(found?.step ?? 0, last);
  show(asked >= 0 ? asked : step, false);
  // A page that was reloaded stands where it stood, with what came before.
  if ((history.state as Place | null)?.step !== current) {
    history.replaceState({ step: current } satisfies Place, "");
  }
  if (asked >= 0) steps[asked]!.querySelector<HTMLElement>("[aria-invalid]")?.focus();
}
