// Files that are fingerprinted here, and stay here: each has a row with its progress.

import { Hasher, type Fingerprint } from "../hasher/hasher";
import type { Kept } from "./draft";

const MOST_FILES = 20;
/** Reasons that the server may not have: it reads more kinds, and has more memory. */
const MENDABLE = "unsupported_media damaged_media too_large pixels_withheld old_browser hasher_died".split(" ");

/** Where the files of a form are shown, and what carries them. */
export interface Parts {
  list: HTMLElement;
  template: HTMLTemplateElement;
  /** The hidden field that carries the fingerprints. */
  field: HTMLTextAreaElement;
  /** The hidden file field of what is sent by choice. */
  upload: HTMLInputElement;
  /** Where focus goes when a row is gone. */
  chooser: HTMLElement;
  /** What is said aloud. */
  status: HTMLElement;
  /** The largest form that the server takes, in bytes. */
  limit: number;
  /** How far all of them together have come. */
  whole: HTMLProgressElement;
}

/** A file's row: what is shown of it is marked with `data-when` in the page's template. */
class Row {
  readonly element: HTMLElement;
  fingerprint: Fingerprint | null = null;
  sent: File | null = null;
  state: string[] = [];
  private before: string[] = [];

  constructor(
    private readonly parts: Parts,
    readonly name: string,
    number: number,
  ) {
    this.element = parts.template.content.firstElementChild!.cloneNode(true) as HTMLElement;
    const title = this.element.querySelector<HTMLElement>("[data-name]")!;
    title.textContent = name;
    title.id = `file-${number}`;
    for (const part of this.element.querySelectorAll("button, progress")) {
      part.setAttribute("aria-describedby", title.id);
    }
    parts.list.append(this.element);
  }

  private get bar(): HTMLProgressElement {
    return this.element.querySelector("progress")!;
  }

  get progress(): number {
    return this.state.includes("busy") ? this.bar.value : 1;
  }

  set progress(share: number) {
    this.bar.value = share;
  }

  get isLost(): boolean {
    return !this.fingerprint && !this.sent;
  }

  /** Have the file itself sent. */
  send(file: File): void {
    this.sent = file;
    this.before = this.state;
    this.show("sent");
  }

  /** Keep it on the device after all. */
  keep(): void {
    if (this.sent) this.show(...this.before);
    this.sent = null;
  }

  /** Show what belongs to these states, and nothing else that is marked. */
  show(...states: string[]): void {
    this.state = states;
    const said: string[] = [];
    for (const part of this.element.querySelectorAll<HTMLElement>("[data-when]")) {
      part.hidden = !part.dataset.when!.split(" ").some((state) => states.includes(state));
      if (!part.hidden && part.matches("p[data-say]")) said.push(part.textContent!.trim());
    }
    if (said.length) this.parts.status.textContent = `${this.name}: ${said.join(" ")}`;
  }

  button(action: string): HTMLButtonElement {
    return this.element.querySelector<HTMLButtonElement>(`[data-do=${action}]`)!;
  }
}

/** The files of one form. */
export class Files {
  private readonly hasher = new Hasher();
  private readonly rows = new Set<Row>();
  private made = 0;
  private pending = 0;
  private whenDone: ((isWhole: boolean) => void) | null = null;
  private sends = true;

  /** @param changed called after each change of what the form would send */
  constructor(
    private readonly parts: Parts,
    private readonly changed: () => void,
  ) {}

  get isBusy(): boolean {
    return this.pending > 0;
  }

  get isEmpty(): boolean {
    return this.rows.size === 0;
  }

  /** Whether files may be sent, by choice; what was to be sent is not, if they may not. */
  set maySend(may: boolean) {
    if (may === this.sends) return;
    this.sends = may;
    this.parts.list.classList.toggle("sends-nothing", !may);
    for (const row of may ? [] : this.rows) row.keep();
    this.tell();
  }

  /** What a draft keeps of them. A file that is to be sent is not among it: it lies elsewhere. */
  get kept(): Kept[] {
    return [...this.rows]
      .filter((row) => row.fingerprint && !row.sent)
      .map(({ name, state, fingerprint }) => ({ name, state, fingerprint }));
  }

  /**
   * Call `act` once every file has its fingerprint, with whether each has one or is sent;
   * null takes that back.
   */
  afterwards(act: ((isWhole: boolean) => void) | null): void {
    this.whenDone = act;
  }

  restore(files: Kept[]): void {
    for (const { name, state, fingerprint } of files) {
      const row = this.row(name);
      row.fingerprint = fingerprint as Fingerprint;
      // The file itself is not at hand any more: it can only be chosen again.
      row.button("send").remove();
      row.show(...state);
    }
    this.tell();
  }

  /** False if there were too many, and some were left out. */
  add(files: File[]): boolean {
    const room = Math.max(0, MOST_FILES - this.rows.size);
    for (const file of files.slice(0, room)) void this.hash(file);
    return files.length <= room;
  }

  private row(name: string): Row {
    const row = new Row(this.parts, name, this.made++);
    this.rows.add(row);
    row.button("remove").addEventListener("click", () => this.drop(row));
    return row;
  }

  private async hash(file: File): Promise<void> {
    const row = this.row(file.name);
    const stop = new AbortController();
    row.button("remove").addEventListener("click", () => stop.abort());
    row.button("send").addEventListener("click", () => this.send(row, file));
    row.show("busy");
    this.pending++;
    try {
      const { fingerprint, reason } = await this.hasher.fingerprint(file, {
        progress: (share) => {
          row.progress = share;
          this.tellProgress();
        },
        signal: stop.signal,
      });
      row.fingerprint = fingerprint;
      const mends = !reason || MENDABLE.includes(reason.code);
      const states = reason ? [fingerprint ? "exact" : "nothing", reason.code] : ["done"];
      if (file.size > this.parts.limit) states.push("larger");
      else if (mends) states.push("sendable");
      row.show(...states);
    } catch {
      // Cancelled; or what the browser lacks, it lacks for good.
      if (!stop.signal.aborted) row.show("nothing", "old_browser", "sendable");
    } finally {
      this.pending--;
      this.tell();
      if (!this.isBusy && this.whenDone) {
        const act = this.whenDone;
        this.whenDone = null;
        act([...this.rows].every((each) => !each.isLost));
      }
    }
  }

  private send(row: Row, file: File): void {
    row.send(file);
    row.button("remove").focus();
    this.tell();
  }

  private drop(row: Row): void {
    const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
    this.rows.delete(row);
    row.element.remove();
    (next?.querySelector<HTMLElement>("[data-do=remove]") ?? this.parts.chooser).focus();
    this.tell();
  }

  private tell(): void {
    const stay = [...this.rows].filter((row) => !row.sent);
    const all = stay.flatMap((row) => row.fingerprint ?? []);
    this.parts.field.value = all.length ? JSON.stringify(all) : "";
    const sent = [...this.rows].flatMap((row) => row.sent ?? []);
    if (sent.length || this.parts.upload.files?.length) {
      const carried = new DataTransfer();
      for (const file of sent) carried.items.add(file);
      this.parts.upload.files = carried.files;
    }
    this.tellProgress();
    this.changed();
  }

  private tellProgress(): void {
    const shares = [...this.rows].map((row) => row.progress);
    this.parts.whole.value = shares.reduce((sum, share) => sum + share, 0) / (shares.length || 1);
  }
}
