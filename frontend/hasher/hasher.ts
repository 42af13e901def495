// Fingerprints of files that never leave the device: the page's side.

import type { Outcome } from "./fingerprint";
import type { Answer, Question } from "./messages";

export type { Film, Fingerprint, FrameHash, Outcome, Reason, ReasonCode } from "./fingerprint";

export interface HashOptions {
  /** Called now and then with the share of the work that is done, 0 to 1. */
  progress?: (share: number) => void;
  /** Aborting it ends the work at once; `fingerprint` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Makes fingerprints in a worker, so that the page stays responsive; one at a time, so that
 * a phone's memory holds. A worker that ends is replaced with the next file.
 */
export class Hasher {
  private worker: Worker | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly script: string | URL = new URL("hasher-worker.js", import.meta.url)) {}

  /** What became of `file`; rejects only where it was cancelled. */
  fingerprint(file: File, options: HashOptions = {}): Promise<Outcome> {
    const turn = this.last.then(() => this.ask(file, options));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the worker. The next file starts another. */
  close(): void {
    this.worker?.terminate();
    this.worker = null;
  }

  private ask(file: Question, { progress, signal }: HashOptions): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason as Error;
      const worker = (this.worker ??= new Worker(this.script));
      const heard = new AbortController();
      const end = (finish: () => void) => {
        heard.abort();
        finish();
      };
      const { signal: until } = heard;
      worker.addEventListener(
        "message",
        ({ data }: MessageEvent<Answer>) => {
          if ("progress" in data) progress?.(data.progress);
          else end(() => resolve(data.outcome));
        },
        { signal: until },
      );
      const died = () => {
        this.close();
        end(() => resolve({ fingerprint: null, reason: { code: "hasher_died" } }));
      };
      for (const kind of ["error", "messageerror"]) {
        worker.addEventListener(kind, died, { signal: until });
      }
      signal?.addEventListener(
        "abort",
        () => {
          this.close();
          end(() => reject(signal.reason as Error));
        },
        { signal: until },
      );
      worker.postMessage(file);
    });
  }
}
