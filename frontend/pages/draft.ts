// What was typed so far, kept on this device only: in the tab, until it is closed or the
// notice has arrived.

const DRAFT = "staydown-draft";

type Field = HTMLInputElement | HTMLTextAreaElement;
type Draft = Record<string, string>;

/** The fields that a draft holds: what somebody types or ticks, and the form's own name. */
function fields(form: HTMLFormElement): Field[] {
  const own = "textarea[name], input[name]:not([type=file], [name=csrfmiddlewaretoken], [name=kept])";
  return [...form.querySelectorAll<Field>(own)];
}

const isTick = (field: Field): field is HTMLInputElement =>
  field.type === "checkbox" || field.type === "radio";
const key = (field: Field): string => (isTick(field) ? `${field.name}=${field.value}` : field.name);

export function save(form: HTMLFormElement): void {
  const draft: Draft = {};
  for (const field of fields(form)) {
    draft[key(field)] = isTick(field) ? (field.checked ? "yes" : "") : field.value;
  }
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // No room, or storage is forbidden: the form goes on without.
  }
}

/** Put what was kept into the form; false if there was nothing. */
export function restore(form: HTMLFormElement): boolean {
  const kept = sessionStorage.getItem(DRAFT);
  if (kept === null) return false;
  const draft = JSON.parse(kept) as Draft;
  for (const field of fields(form)) {
    const value = draft[key(field)];
    if (value === undefined) continue;
    if (isTick(field)) field.checked = value === "yes";
    // An address that the page was opened with is not typed over.
    else if (field.name === "places" && field.value && !value.includes(field.value)) {
      field.value = value ? `${value}\n${field.value}` : field.value;
    } else field.value = value;
  }
  return true;
}

export function forget(): void {
  sessionStorage.removeItem(DRAFT);
}
