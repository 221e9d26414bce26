/** Add: many photos, each with its faces to tick and name, added while their reader does something else. */
import { connection } from "../api.js";
import { Batch } from "./batch.js";
import { announce, button, element, withFocus, word } from "../element.js";
import { intake } from "../intake.js";
import { Names } from "./names.js";
import { PhotoRow } from "./photorow.js";
import { Progress } from "./progress.js";
import { Sieve } from "./sieve.js";
import { filtered, tally } from "./tally.js";
import { VirtualList } from "./virtual.js";
import { ways } from "./ways.js";

const EVERY_MS = 200;

/** Make the view. */
export default function view(root) {
    const adding = new Adding(root);
    return { shown: () => adding.shown() };
}

class Adding {
    #batch = new Batch();
    #names = new Names("add-names");
    #progress = new Progress(this.#batch);
    #sieve = new Sieve(() => this.#show());
    #list = new VirtualList((job) => this.#row(job), "add.list");
    #ways = ways((atOnce) => { this.#batch.chosen = atOnce; });
    #all = button("add.all", { class: "primary", onclick: () => this.#addAll() });
    #again = button("add.again", { onclick: () => this.#act(() => this.#batch.retryAll()) });
    #tick = button("add.tick", { class: "quiet", onclick: () => this.#tickNamed() });
    #clear = button("add.clear", { class: "quiet", onclick: () => this.#act(() => this.#batch.clear()) });
    #notes = element("div", { class: "notes" });
    #waiting = null;
    #stopped = false;

    constructor(root) {
        const title = element("h1", { tabIndex: -1, class: "view-title", text: "add.title" });
        const take = (files) => this.#take(files);
        const kinds = { multiple: true, folder: true, camera: false };
        this.intake = intake({ title: "add.drop", hint: "add.hint", take, near: root, ...kinds });
        this.head = element("div", { class: "view-head" }, title);
        const acts = element("div", { class: "row" }, this.#clear, this.#tick, this.#again, this.#all);
        this.bar = element("div", { class: "row spread batch-bar", hidden: true }, this.#sieve.root, acts);
        this.empty = element("p", { class: "faint centred-text", hidden: true, text: "add.none" });
        const parts = [this.#progress.root, this.bar, this.#list.root, this.empty, this.#names.root];
        root.append(this.head, this.intake, this.#ways.root, this.#notes, ...parts);
        this.#batch.addEventListener("change", () => this.#later());
        connection.addEventListener("change", () => this.#later());
        this.#batch.addEventListener("job", ({ detail }) => this.#changed(detail));
        this.#progress.root.addEventListener("cancelled", () => { this.#stopped = true; });
        this.#list.root.addEventListener("emptied", () => this.#sieve.focus());
    }

    shown() {
        this.#show();
    }

    #take(files) {
        const { skipped, jobs } = this.#batch;
        const before = jobs.length;
        this.#batch.take(files);
        const left = this.#batch.skipped - skipped;
        if (left) this.#say("add.skipped", { count: left });
        else if (this.#batch.jobs.length === before) this.#say("add.nothing", {});
        this.#show();
    }

    #row(job) {
        const next = (done) => this.#next(done);
        return new PhotoRow(job, { batch: this.#batch, names: this.#names, next });
    }

    #changed(job) {
        this.#list.row(job)?.show();
        for (const name of [job.suggested, ...job.faces.map((face) => face.name)]) this.#names.add(name);
    }

    /** The batch changes many times a second; what stands here follows a few times a second. */
    #later() {
        if (this.#waiting === null) this.#waiting = setTimeout(() => this.#show(), EVERY_MS);
    }

    #show() {
        clearTimeout(this.#waiting);
        this.#waiting = null;
        const counted = tally(this.#batch.jobs);
        const some = counted.all > 0;
        this.#place(some);
        this.#progress.show(counted);
        this.#ways.show(this.#batch.atOnce);
        this.#ways.root.classList.toggle("brief", some && !this.#batch.ready);
        this.#sieve.setCounts(counted);
        this.bar.hidden = !some;
        word(this.#all.lastChild, "text", ["add.all", { count: counted.ticked }]);
        word(this.#again.lastChild, "text", ["add.again", { count: counted.retryable }]);
        word(this.#tick.lastChild, "text", ["add.tick", { count: counted.named }]);
        this.#hide(this.#all, !counted.ticked);
        this.#hide(this.#tick, !counted.named);
        this.#hide(this.#again, !counted.retryable);
        this.#hide(this.#clear, counted.all === counted.waiting + counted.busy);
        const items = filtered(this.#batch.jobs, this.#sieve.value);
        this.#list.setItems(items);
        this.empty.hidden = !some || items.length > 0;
        this.#guard(this.#batch.unfinished);
        if (this.#stopped && !this.#batch.running) this.#tellStopped(counted);
        // The rate falls while nothing happens.
        if (this.#batch.running) this.#later();
    }

    /** Once there are photos, the place for them becomes the buttons beside the title. */
    #place(some) {
        if (this.intake.classList.contains("again") === some) return;
        this.intake.classList.toggle("again", some);
        withFocus(this.intake, () => (some ? this.head.append(this.intake) : this.head.after(this.intake)));
    }

    #hide(act, hidden) {
        const focused = act === document.activeElement;
        act.hidden = hidden;
        if (hidden && focused) this.#sieve.focus();
    }

    #tickNamed() {
        for (const job of this.#batch.jobs) {
            for (const face of job.named) face.tick(true);
            this.#list.row(job)?.show();
        }
        this.#show();
        this.#all.focus();
    }

    #addAll() {
        this.#act(() => this.#batch.addTicked());
        announce("add.adding");
    }

    #act(act) {
        act();
        this.#show();
    }

    /** Go on to the photo after one that is being added, if it waits as well. */
    #next(job) {
        const items = filtered(this.#batch.jobs, this.#sieve.value);
        const following = this.#batch.jobs.indexOf(job) + 1;
        const next = this.#batch.jobs.slice(following, following + 2).find((other) => other.state === "waiting");
        if (items.includes(next)) this.#list.row(next)?.focus();
    }

    #tellStopped(counted) {
        this.#stopped = false;
        this.#say("add.cancelled", { count: counted.states.cancelled ?? 0, faces: counted.faces });
    }

    #say(key, values) {
        this.#notes.replaceChildren(element("p", { class: "notice", text: [key, values] }));
        announce(key, values);
    }

    #guard(unfinished) {
        if (unfinished) addEventListener("beforeunload", ask);
        else removeEventListener("beforeunload", ask);
    }
}

function ask(event) {
    event.preventDefault();
}
