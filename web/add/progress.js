/** How far the batch is: on the page, on the link to its view, and, now and then, for who listens. */
import { connection } from "../api.js";
import { announce, button, element, word } from "../element.js";
import { isWaiting } from "../patience.js";
import { durationText, Rate } from "./rate.js";

const ANNOUNCED_MS = 10000;
const ANNOUNCED_SHARE = 0.1;

/** Show the progress of a batch, with what begins, pauses and cancels it. */
export class Progress {
    #rate = new Rate();
    #done = 0;
    #paused = false;
    #running = false;
    #end = "";
    #told = { share: 0, time: 0 };
    #bar = element("progress", { max: 1, value: 0, label: "add.progress" });
    #count = element("strong", { class: "progress-count" });
    #speed = element("span", { class: "faint" });
    #begin = button("add.begin", { class: "primary", onclick: () => this.batch.begin() });
    #pause = button("add.pause", { onclick: () => this.#turn() });
    #cancel = button("add.cancel", { onclick: () => this.#stop() });
    #share = element("span");
    #meaning = element("span", { class: "unseen" });
    #badge = element("span", { class: "badge", hidden: true }, this.#share, " ", this.#meaning);

    constructor(batch) {
        this.batch = batch;
        const acts = element("div", { class: "row" }, this.#begin, this.#pause, this.#cancel);
        const words = element("p", {}, this.#count, " ", this.#speed);
        const line = element("div", { class: "row spread" }, words, acts);
        this.root = element("div", { class: "batch-progress", hidden: true, tabIndex: -1 }, line, this.#bar);
        document.querySelector("nav [data-view='/add']").append(this.#badge);
    }

    /** Show the tally of now. */
    show(counted) {
        const now = performance.now();
        const done = counted.all - counted.busy;
        const { running, paused, ready } = this.batch;
        if (running !== this.#running || paused !== this.#paused) this.#rate.begin(now);
        if (done > this.#done) this.#rate.add(done - this.#done, now);
        this.#done = done;
        this.#paused = paused;
        this.root.hidden = counted.all === 0;
        this.#bar.hidden = !running && !ready;
        this.#bar.value = counted.all ? done / counted.all : 0;
        word(this.#count, "text", ["add.progress.count", { done, count: counted.all }]);
        word(this.#speed, "text", this.#speedText(counted, now));
        this.#buttons(running, paused, ready);
        this.#mark(counted, done);
        this.#tell(counted, done, now);
        this.#running = running;
    }

    #speedText(counted, now) {
        const { running, paused, ready } = this.batch;
        if (ready) return ["add.ready", {}];
        if (!running) return ["add.end", { faces: counted.faces, waiting: counted.waiting, failed: counted.failed }];
        if (connection.state !== "here" || isWaiting()) return ["add.away", {}];
        if (paused) return ["add.paused", {}];
        const rate = this.#rate.perSecond(now);
        if (rate === null) return ["", {}];
        const [key, values] = durationText(counted.busy / rate);
        return [key, { ...values, rate: Math.round(rate * 10) / 10 }];
    }

    #buttons(running, paused, ready) {
        const focused = document.activeElement;
        this.#begin.hidden = !ready;
        this.#pause.hidden = !running;
        this.#cancel.hidden = !running && !ready;
        word(this.#pause.lastChild, "text", paused ? "add.resume" : "add.pause");
        if (![this.#begin, this.#pause, this.#cancel].includes(focused) || !focused.hidden) return;
        const next = [this.#pause, this.#begin].find((act) => !act.hidden) ?? this.root;
        next.focus({ preventScroll: true });
    }

    #mark(counted, done) {
        this.#badge.hidden = !this.batch.running && !counted.waiting;
        const percent = Math.floor((100 * done) / Math.max(1, counted.all));
        const count = counted.waiting;
        const { running } = this.batch;
        word(this.#share, "text", running ? ["add.badge", { percent }] : ["add.badge.waiting", { count }]);
        word(this.#meaning, "text", running ? "add.badge.done" : "add.badge.wait");
    }

    #tell(counted, done, now) {
        if (!this.batch.running) {
            if (!this.batch.ready) this.#tellEnd(counted, now);
            return;
        }
        const share = done / Math.max(1, counted.all);
        const far = Math.abs(share - this.#told.share) >= ANNOUNCED_SHARE;
        if (!far || now - this.#told.time < ANNOUNCED_MS) return;
        this.#told = { share, time: now };
        announce("add.progress.count", { done, count: counted.all });
    }

    /** Tell how it ended, when that is another end than the one told last. */
    #tellEnd(counted, now) {
        const { faces, waiting, failed } = counted;
        const end = [counted.all, faces, waiting, failed].join();
        if (counted.all && end !== this.#end) announce("add.end", { faces, waiting, failed });
        this.#end = end;
        this.#told = { share: 0, time: now };
    }

    #turn() {
        if (this.batch.paused) this.batch.begin();
        else this.batch.pause();
        announce(this.batch.paused ? "add.paused" : "add.resumed");
    }

    #stop() {
        this.batch.cancel();
        this.root.dispatchEvent(new Event("cancelled"));
    }
}
