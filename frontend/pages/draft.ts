// What was typed so far, kept on this device only: in the tab, until it is closed or the
// notice has arrived.

import * as storage from "./storage";

const DRAFT = "staydown-draft";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** A file that was fingerprinted on the device. */
export interface Kept {
  name: string;
  state: string[];
  fingerprint: unknown;
}

export interface Draft {
  fields: Record<string, string>;
  files: Kept[];
  step: number;
}

/** The fields that a draft holds: what somebody types or ticks, and what the form carries. */
function fields(form: HTMLFormElement): Field[] {
  const own = "textarea[name], input[name]:not([type=file], [name=csrfmiddlewaretoken], [name=turn])";
  return [...form.querySelectorAll<Field>(own)].filter(({ name }) => name !== "fingerprints");
}

const isTick = (field: Field): field is HTMLInputElement =>
  field.type === "checkbox" || field.type === "radio";
const key = (field: Field): string => (isTick(field) ? `${field.name}=${field.value}` : field.name);

export function save(form: HTMLFormElement, step: number, files: Kept[]): void {
  const draft: Draft = { fields: {}, files, step };
  for (const field of fields(form)) {
    draft.fields[key(field)] = isTick(field) ? (field.checked ? "yes" : "") : field.value;
  }
  // Fingerprints of long films may be more than there is room for; what was typed is not.
  if (!storage.set(DRAFT, JSON.stringify(draft))) {
    storage.set(DRAFT, JSON.stringify({ ...draft, files: [] }));
  }
}

/** Put what was kept into the form; null if there was nothing. */
export function restore(form: HTMLFormElement): Draft | null {
  let draft: Draft;
  try {
    draft = JSON.parse(storage.get(DRAFT) ?? "") as Draft;
    if (typeof draft.fields !== "object" || !Array.isArray(draft.files)) return null;
  } catch {
    return null;
  }
  // A link that says what is wanted says it anew.
  const asked = new URLSearchParams(location.search);
  for (const field of fields(form)) {
    const value = draft.fields[key(field)];
    if (value === undefined || (field.name === "kind" && asked.has("deposit"))) continue;
    if (isTick(field)) field.checked = value === "yes";
    // An address that the page was opened with is not typed over.
    else if (field.name === "places" && field.value && !value.includes(field.value)) {
      field.value = value ? `${value}\n${field.value}` : field.value;
    } else field.value = value;
  }
  return draft;
}

export function forget(): void {
  storage.remove(DRAFT);
}
