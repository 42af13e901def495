// Files that are fingerprinted here, and stay here: each has a row with its progress.

import { Hasher, type Fingerprint } from "../hasher/hasher";

const MOST_FILES = 20;

/** A file's row: what is shown of it is marked with `data-when` in the page's template. */
class Row {
  readonly element: HTMLElement;
  private readonly bar: HTMLProgressElement;

  constructor(template: HTMLTemplateElement, name: string) {
    const copy = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
    this.element = copy;
    this.bar = copy.querySelector("progress")!;
    for (const place of copy.querySelectorAll("[data-name]")) place.textContent = name;
    this.show("busy");
  }

  set progress(share: number) {
    this.bar.value = share;
  }

  /** Show what belongs to this state or reason, and nothing else that is marked. */
  show(...states: string[]): void {
    for (const part of this.element.querySelectorAll<HTMLElement>("[data-when]")) {
      part.hidden = !part.dataset.when!.split(" ").some((state) => states.includes(state));
    }
  }

  on(action: string, act: () => void): void {
    this.element.querySelector(`[data-do=${action}]`)!.addEventListener("click", act);
  }
}

/** The files of one form. */
export class Files {
  private readonly hasher = new Hasher();
  private readonly found = new Map<Row, Fingerprint | null>();
  private readonly sent = new Map<Row, File>();
  private pending = 0;
  private whenDone: (() => void) | null = null;

  /**
   * @param list where the rows go
   * @param field the hidden field that carries the fingerprints
   * @param upload the hidden file field of what is sent by choice
   * @param changed called after each change of what the form would send
   */
  constructor(
    private readonly list: HTMLElement,
    private readonly template: HTMLTemplateElement,
    private readonly field: HTMLTextAreaElement,
    private readonly upload: HTMLInputElement,
    private readonly changed: () => void,
  ) {}

  get isBusy(): boolean {
    return this.pending > 0;
  }

  get isEmpty(): boolean {
    return this.found.size === 0 && this.field.value === "";
  }

  /** Call `act` once every file has its fingerprint. */
  afterwards(act: () => void): void {
    if (this.isBusy) this.whenDone = act;
    else act();
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      if (this.found.size < MOST_FILES) void this.hash(file);
    }
  }

  private async hash(file: File): Promise<void> {
    const row = new Row(this.template, file.name);
    const stop = new AbortController();
    this.found.set(row, null);
    this.list.append(row.element);
    row.on("remove", () => {
      stop.abort();
      this.drop(row);
    });
    row.on("send", () => this.send(row, file));
    this.pending++;
    try {
      const { fingerprint, reason } = await this.hasher.fingerprint(file, {
        progress: (share) => (row.progress = share),
        signal: stop.signal,
      });
      if (!this.found.has(row)) return;
      this.found.set(row, fingerprint);
      if (!reason) row.show("done");
      // An exact layer finds identical copies; part of a film finds that part.
      else row.show(fingerprint ? "exact" : "nothing", reason.code);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      this.pending--;
      this.tell();
      if (!this.isBusy) {
        this.whenDone?.();
        this.whenDone = null;
      }
    }
  }

  private send(row: Row, file: File): void {
    this.sent.set(row, file);
    this.found.set(row, null);
    row.show("sent");
    this.tell();
  }

  private drop(row: Row): void {
    this.found.delete(row);
    this.sent.delete(row);
    row.element.remove();
    this.tell();
  }

  private tell(): void {
    const all = [...this.found.values()].filter((fingerprint) => fingerprint !== null);
    this.field.value = all.length ? JSON.stringify(all) : "";
    const carried = new DataTransfer();
    for (const file of this.sent.values()) carried.items.add(file);
    this.upload.files = carried.files;
    this.changed();
  }
}
