/** The row of a photo of the batch: its faces to tick and name, what became of it, and what can be done about it. */
import { button, element } from "../element.js";
import { errorKey } from "../errors.js";
import { faceCell } from "./facecell.js";
import { isBusy } from "./tally.js";

const BAD = { failed: "bad", refused: "bad" };
const TONES = { added: "likely", waiting: "unsure", working: "working", adding: "working", ...BAD };

/** Show a job of a batch; `names` keeps the names that were used, `next(job)` takes the focus on from an added one. */
export class PhotoRow {
    #about = element("div", { class: "photo-about" });
    #middle = element("div", { class: "photo-middle" });
    #acts = element("div", { class: "photo-acts" });
    #form = element("form", { class: "photo-row", autocomplete: "off" }, this.#about, this.#middle, this.#acts);
    #drawn = null;
    root = element("div", { class: "photo" }, this.#form);

    constructor(job, { batch, names, next }) {
        Object.assign(this, { job, batch, names, next });
        this.#form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#add();
        });
        this.show();
    }

    /** Write what is true now; what had the focus has it again, or the row has. */
    show() {
        const focused = this.root.contains(document.activeElement) ? document.activeElement : null;
        this.#about.replaceChildren(...this.#story());
        this.#acts.replaceChildren(...this.#buttons());
        this.#showFaces();
        if (!focused || focused.isConnected) return;
        const same = this.#form.querySelector(`[data-part="${focused.dataset.part}"]:not(:disabled)`);
        (same ?? this.root).focus({ preventScroll: true });
    }

    /** Give the focus to what its reader does next here. */
    focus() {
        (this.#form.querySelector("[type=text]") ?? this.root).focus();
    }

    #story() {
        const { path, name, folder, state, added, faces } = this.job;
        const count = state === "added" ? added : faces.length;
        return [
            // A title is shown by the browser itself, as text.
            Object.assign(element("p", { class: "photo-name", dir: "auto" }, name), { title: path }),
            element("p", { class: "under photo-folder", dir: "auto" }, folder),
            element("p", { class: `photo-result ${TONES[state] ?? ""}`, text: [`add.state.${state}`, { count }] }),
        ];
    }

    /** Make the faces anew only when they are others: who writes a name keeps the very input it is written in. */
    #showFaces() {
        const { job } = this;
        const drawn = [isBusy(job.state), BAD[job.state], ...job.faces.map(({ token, state }) => token + state)].join();
        if (drawn !== this.#drawn) this.#middle.replaceChildren(...this.#faces(), ...this.#words());
        this.#drawn = drawn;
        for (const [place, face] of job.faces.entries()) {
            const tick = this.#middle.querySelector(`[data-part="tick${place}"]`);
            if (tick) tick.checked = face.ticked;
        }
    }

    #faces() {
        const { job, batch } = this;
        const listeners = {
            ticked: (face, ticked) => this.#tick(face, ticked),
            named: (face, text) => this.#rename(face, text),
            missing: (face) => batch.restore(job, face),
        };
        const cells = job.faces.map((face, place) => faceCell(face, place, job, listeners));
        const label = ["add.faces", { name: job.name }];
        return cells.length ? [element("fieldset", { class: "photo-faces", label }, ...cells)] : [];
    }

    #words() {
        const { state, error, notes, faces } = this.job;
        const said = notes.map((text) => element("p", { class: "faint", text }));
        if (state === "noface") said.unshift(element("p", { class: "faint", text: "find.noface.hint" }));
        // A face says itself why it was not added.
        const untold = error && !faces.some((face) => face.error === error);
        if (untold && BAD[state]) said.unshift(element("p", { class: "bad", text: errorKey(error) }));
        return said.length ? [element("div", { class: "photo-words" }, ...said)] : [];
    }

    #buttons() {
        const { job, batch } = this;
        const acts = [];
        const act = (text, part, properties) => {
            acts.push(button(text, { label: [`${text}.of`, { name: job.name }], data: { part }, ...properties }));
        };
        if (job.state === "waiting") {
            act("add.add", "add", { type: "submit", disabled: !job.ticked.length });
            act("add.leave", "leave", { class: "quiet", onclick: () => batch.leave(job, true) });
        }
        if (job.state === "left") act("add.back", "leave", { class: "quiet", onclick: () => batch.leave(job, false) });
        if (job.retryable) act("add.retry", "retry", { onclick: () => batch.retry(job) });
        return acts;
    }

    #add() {
        if (this.job.state !== "waiting" || !this.job.ticked.length) return;
        for (const { name } of this.job.ticked) this.names.add(name);
        this.batch.add(this.job);
        this.next(this.job);
    }

    /** What was done with waits again once something of it is ticked. */
    #tick(face, ticked) {
        face.tick(ticked);
        this.batch.leave(this.job, false);
    }

    #rename(face, text) {
        face.rename(text);
        if (!face.ticked && !isBusy(this.job.state)) this.#tick(face, true);
    }
}
