/** The queue of photos whose faces are added: a few at a time, with pause and cancel, through outages. */
import { howMany } from "../api.js";
import { isHidden, maybePhoto, pathOf } from "../folder.js";
import { inTurn, patiently } from "../patience.js";
import { PhotoJob } from "./photojob.js";
import { isBusy } from "./tally.js";

const AT_ONCE = 3;
const FEW = 20;
/** Counting the set is one request; how many faces it has matters little for what counts as likely. */
const COUNT_EVERY = 50;
// As people number them: 2 before 10.
const PATHS = new Intl.Collator(undefined, { numeric: true });

/** Events: "job" with the job as `detail` when one has changed, "change" when the batch has. */
export class Batch extends EventTarget {
    jobs = [];
    skipped = 0;
    begun = false;
    paused = false;
    /** Whether photos with one clear face are added without a look; null until it is chosen. */
    chosen = null;
    #many = false;
    #toLook = [];
    #toDo = [];
    #restoring = new Set();
    #working = 0;
    #abort = new AbortController();
    #turns = inTurn();
    #total = null;
    #counted = 0;

    /** Tell whether photos with one clear face are added without a look. */
    get atOnce() {
        return this.chosen ?? this.#many;
    }

    /** Tell whether work is going on, or would but for a pause. */
    get running() {
        return this.jobs.some(({ state }) => isBusy(state) && (this.begun || state !== "queued"));
    }

    /** Tell whether photos wait for `begin`. */
    get ready() {
        return !this.begun && this.#toLook.length > 0;
    }

    /** Tell whether leaving now would lose work of the reader's or the batch's. */
    get unfinished() {
        return this.jobs.some(({ state }) => isBusy(state) || state === "waiting");
    }

    /** Take files in. A few are looked at right away; many wait for `begin`, so that their reader can choose how. */
    take(files) {
        const shown = files.filter((file) => !isHidden(file));
        const photos = shown.filter(maybePhoto).sort((a, b) => PATHS.compare(pathOf(a), pathOf(b)));
        this.skipped += shown.length - photos.length;
        if (!this.running) {
            this.#many = this.#toLook.length + photos.length > FEW;
            this.begun = !this.#many || this.chosen !== null;
        }
        for (const file of photos) {
            const job = new PhotoJob(file);
            this.jobs.push(job);
            this.#toLook.push(job);
        }
        this.#work();
    }

    /** Begin, or go on after a pause. */
    begin() {
        this.begun = true;
        this.paused = false;
        this.#work();
    }

    /** Begin nothing new until `begin`; what its reader asks to add is added all the same. */
    pause() {
        this.paused = true;
        this.#changed();
    }

    /** Stop what has not been done. What was added stays; what was looked at keeps waiting for its reader. */
    cancel() {
        this.#abort.abort(new DOMException("the batch was cancelled", "AbortError"));
        this.#abort = new AbortController();
        this.paused = false;
        this.#counted = 0;
        for (const job of this.#toLook.splice(0)) this.#turn(job, "cancelled");
        this.#restoring.clear();
        for (const { job } of this.#toDo.splice(0)) if (job.state === "adding") this.#turn(job, "waiting");
        this.#changed();
    }

    /** Add the ticked faces of a photo. */
    add(job) {
        this.#turn(job, "adding");
        this.#toDo.push({ job, work: (signal) => job.add(signal, this.#turns) });
        this.#work();
    }

    /** Add all faces that are ticked. */
    addTicked() {
        for (const job of this.jobs) if (job.state === "waiting" && job.ticked.length) this.add(job);
    }

    /** Try a photo again, from where it failed. */
    retry(job) {
        if (job.ticked.length) return this.add(job);
        this.#turn(job, "queued");
        this.#toLook.push(job);
        this.begun = true;
        return this.#work();
    }

    /** Try all again that may do better. */
    retryAll() {
        for (const job of this.jobs) if (job.retryable) this.retry(job);
    }

    /** Leave out what is not added of a photo, or have it wait for its reader. */
    leave(job, left) {
        const done = job.added ? "added" : "left";
        this.#turn(job, left ? done : "waiting");
        this.#changed();
    }

    /** Have the server know the faces of a photo again if it has forgotten this one, whose picture is gone. */
    restore(job, face) {
        if (job.state !== "waiting" || face.restored || this.#restoring.has(job)) return;
        this.#restoring.add(job);
        const end = () => this.#restoring.delete(job);
        this.#toDo.push({ job, work: (signal) => job.restore(face, signal).then(end, end) });
        this.#work();
    }

    /** Take the photos away that are done with. */
    clear() {
        this.jobs = this.jobs.filter(({ state }) => isBusy(state) || state === "waiting");
        this.skipped = 0;
        this.#changed();
    }

    #work() {
        while (this.#working < AT_ONCE) {
            const task = this.#toDo.shift() ?? this.#nextToLook();
            if (!task) break;
            this.#do(task);
        }
        this.#changed();
    }

    #nextToLook() {
        if (this.paused || !this.begun || !this.#toLook.length) return null;
        const job = this.#toLook.shift();
        return { job, work: (signal) => this.#look(job, signal) };
    }

    async #do({ job, work }) {
        this.#working++;
        const doing = work(this.#abort.signal);
        this.#tell(job);
        await doing;
        this.#working--;
        this.#tell(job);
        this.#work();
    }

    async #look(job, signal) {
        await job.look(() => this.#count(signal), signal);
        if (this.atOnce && job.state === "waiting" && job.plain) await job.add(signal, this.#turns);
    }

    /** Return how many faces the set has, not asked for each photo anew. */
    #count(signal) {
        if (this.#counted++ % COUNT_EVERY === 0) {
            this.#total = patiently(() => howMany(signal), signal);
            this.#total.catch(() => { this.#counted = 0; });
        }
        return this.#total;
    }

    #turn(job, state) {
        job.state = state;
        this.#tell(job);
    }

    #tell(job) {
        this.dispatchEvent(new CustomEvent("job", { detail: job }));
    }

    #changed() {
        this.dispatchEvent(new Event("change"));
    }
}
