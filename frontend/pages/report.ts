// The notice form as a conversation of short steps. Without this script it is one page.

import * as draft from "./draft";
import { Files } from "./files";

const form = document.querySelector<HTMLFormElement>("#report");
if (form) converse(form);

function converse(form: HTMLFormElement): void {
  const one = <T extends Element>(selector: string): T => form.querySelector<T>(selector)!;
  const steps = [...form.querySelectorAll<HTMLElement>(".step")];
  const send = one<HTMLElement>("[data-send]");
  const waiting = one<HTMLElement>("[data-waiting]");
  const chooser = one<HTMLInputElement>("#files");
  const carried = one<HTMLInputElement>("#carried");
  const fingerprints = one<HTMLTextAreaElement>("#fingerprints");
  const places = one<HTMLTextAreaElement>("#places");
  const byItself = one<HTMLInputElement>("#way-device");

  // A page that answers a form has what was typed; a new one gets it from the draft.
  if (form.dataset.answer === undefined) draft.restore(form);
  const files = new Files(
    one("[data-list]"),
    one("#file-row"),
    fingerprints,
    carried,
    () => draft.save(form),
  );

  let current = 0;

  function show(step: number, focus = true): void {
    current = step;
    steps.forEach((element, number) => (element.hidden = number !== step));
    send.hidden = step !== steps.length - 1;
    if (focus) steps[step]!.querySelector<HTMLElement>("h2")!.focus();
  }

  /** What this step still lacks, by the name of its question; the server asks the same. */
  function missing(): string | null {
    const isEmpty = (id: string) => one<HTMLInputElement>(`#${id}`).value.trim() === "";
    const lacks: Array<() => string | null> = [
      () => {
        const given = !files.isEmpty || chooser.files?.length || form.dataset.kept !== undefined;
        if (given) return null;
        if (one<HTMLInputElement>("#kind-deposit").checked) return "fingerprints";
        return places.value.trim() ? null : "pictures";
      },
      () => {
        if (one<HTMLInputElement>("#standing-other").checked && isEmpty("on_behalf_of")) return "on_behalf_of";
        return one<HTMLInputElement>("#good_faith").checked ? null : "good_faith";
      },
      () => (isEmpty("contact") ? "contact" : isEmpty("signature") && !mayBeNameless() ? "signature" : null),
    ];
    return lacks[current]!();
  }

  function mayBeNameless(): boolean {
    return form.dataset.nameless !== undefined && one<HTMLInputElement>("#about_minor").checked;
  }

  function hideQuestions(): void {
    for (const question of form.querySelectorAll<HTMLElement>("[data-ask]")) question.hidden = true;
  }

  /** Ask what is missing in this step; true if nothing is. */
  function isComplete(): boolean {
    hideQuestions();
    const name = missing();
    if (name === null) return true;
    const question = one<HTMLElement>(`[data-ask=${name}]`);
    question.hidden = false;
    form.querySelector<HTMLElement>(`[aria-describedby~=${question.id}]`)?.focus();
    return false;
  }

  function next(): void {
    if (isComplete()) show(current + 1);
  }

  /** Show what belongs to what was chosen; a file field without a name is not sent. */
  function onChoice(): void {
    const chosen = [one<HTMLInputElement>("[name=kind]:checked").value, one<HTMLInputElement>("[name=standing]:checked").value];
    for (const part of form.querySelectorAll<HTMLElement>("[data-for]")) {
      part.hidden = !chosen.includes(part.dataset.for!);
    }
    if (byItself.checked) chooser.removeAttribute("name");
    else chooser.name = "files";
  }

  form.addEventListener("input", () => {
    hideQuestions();
    draft.save(form);
  });
  form.addEventListener("change", onChoice);
  chooser.addEventListener("change", () => {
    if (!byItself.checked) return;
    files.add([...(chooser.files ?? [])]);
    chooser.value = "";
  });
  for (const button of form.querySelectorAll("[data-next]")) button.addEventListener("click", next);
  for (const button of form.querySelectorAll("[data-back]")) {
    button.addEventListener("click", () => show(current - 1));
  }
  form.addEventListener("submit", (event) => {
    // Another language keeps everything, so nothing is asked for.
    if (event.submitter?.getAttribute("name") === "language") return;
    if (current < steps.length - 1) {
      event.preventDefault();
      next();
    } else if (!isComplete()) {
      event.preventDefault();
    } else if (files.isBusy) {
      event.preventDefault();
      waiting.hidden = false;
      files.afterwards(() => form.requestSubmit());
    }
  });

  for (const part of document.querySelectorAll<HTMLElement>("[data-with-script]")) part.hidden = false;
  for (const part of document.querySelectorAll<HTMLElement>("[data-without-script]")) part.hidden = true;
  onChoice();
  const asked = steps.findIndex((step) => step.querySelector(".question:not([hidden])"));
  show(form.dataset.ready === undefined ? Math.max(asked, 0) : steps.length - 1, false);
}
