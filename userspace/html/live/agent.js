// Asking the agent: its answer, or why there is none. And when it is asked.

const PERIOD_MS = 2000, LONGEST_WAIT_MS = 15000, MOST_REASON = 500;

// status 0: it did not answer.
class NoAnswer extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

async function reasonOf(response) {
  const text = (await response.text().catch(() => "")).trim().slice(0, MOST_REASON);
  return text || `it answers ${response.status}`;
}

async function askFor(path, signal) {
  let response;
  try {
    response = await fetch(path, {signal, cache: "no-store", redirect: "error", credentials: "omit"});
  } catch (error) {
    const why = signal.aborted && signal.reason;
    throw new NoAnswer(0, why ? String(why.message || why) : "nobody answers");
  }
  if (!response.ok) throw new NoAnswer(response.status, await reasonOf(response));
  return response;
}

async function jsonOf(path) {
  const response = await askFor(path, AbortSignal.timeout(LONGEST_WAIT_MS));
  try {
    return await response.json();
  } catch (error) {
    throw new NoAnswer(0, "its answer broke off");
  }
}

// Does `work` again and again, a period after it was through; not while it is paused or nobody sees the page.
class Repeat {
  constructor(work) {
    this.work = work;
    this.timer = null;
    this.running = this.again = this.paused = false;
    document.addEventListener("visibilitychange", () => this.now());
  }

  get stopped() { return this.paused || document.hidden; }

  pause(paused) {
    this.paused = paused;
    this.now();
  }

  // At once, or as soon as what goes on is through.
  async now() {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.again = this.running;
    if (this.running) return;
    this.running = true;
    try {
      await this.work();
    } finally {
      this.running = false;
    }
    if (this.again) this.now();
    else if (!this.stopped) this.timer = setTimeout(() => this.now(), PERIOD_MS);
  }
}
