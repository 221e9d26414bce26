/** A photo with a box and landmarks on every face, of which one can be chosen, with the arrow keys too. */
import { drawing, element, word } from "./element.js";
import { nameOf, UNNAMED } from "./tile.js";

let groups = 0;

/** Share of the height from which the name of a face stands above its box, where there is room. */
const LOW = 0.85;

/** Show a photo; `choose(face)` is called with a face of `setFaces` when it is chosen. */
export class Picture {
    #url = null;
    #image = element("img", { alt: "picture.photo", decoding: "async" });
    #marks = drawing("svg", { class: "landmarks", "aria-hidden": "true" });
    #faces = element("fieldset", { class: "faces", label: "picture.faces" });

    constructor(choose) {
        this.choose = choose;
        const frame = element("div", { class: "picture-frame" }, this.#image, this.#marks, this.#faces);
        this.root = element("figure", { class: "picture" }, frame);
    }

    /** Show a Blob, or what a URL leads to, without faces yet. */
    setPhoto(photo) {
        this.clear();
        this.#url = photo instanceof Blob ? URL.createObjectURL(photo) : null;
        this.#image.src = this.#url ?? photo;
        this.root.classList.add("looking");
    }

    /** Mark the faces of a /detect answer. */
    setFaces({ faces, image_width: width, image_height: height }) {
        this.root.classList.remove("looking");
        this.#marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
        const points = faces.flatMap((face) => face.landmarks);
        // A line of no length with round ends is a dot of the same size at every scale.
        const dots = points.map(([x, y]) => `M${x} ${y}h0`).join("");
        this.#marks.replaceChildren(drawing("path", { class: "halo", d: dots }), drawing("path", { d: dots }));
        const group = `face-${groups++}`;
        const boxes = faces.map((face, place) => {
            const radio = this.#choice(face, place + 1, faces.length);
            radio.name = group;
            return box(face, radio, width, height);
        });
        this.#faces.replaceChildren(...boxes);
    }

    /** Take the looking away, as when finding faces failed. */
    settle() {
        this.root.classList.remove("looking");
    }

    /** Choose a face of `setFaces` by its token, without calling `choose`. */
    select(token) {
        const radio = this.#radio(token);
        if (radio) radio.checked = true;
        return radio;
    }

    #radio(token) {
        return [...this.#faces.querySelectorAll("input")].find((input) => input.value === token) ?? null;
    }

    /** Write on a face who it is: a name or null, and how sure one is ("likely", "unsure" or "nobody"). */
    name(token, kind, name) {
        const radio = this.#radio(token);
        if (!radio) return;
        const nobody = kind === "nobody";
        const known = name === null ? "unnamed" : kind;
        const said = nobody ? "picture.face.nobody" : `picture.face.${known}`;
        word(radio, "label", [said, { number: Number(radio.dataset.number), name }]);
        const shown = nobody ? element("span", { text: "picture.nobody" }) : nameOf(name ?? UNNAMED);
        const sure = kind === "unsure" ? "?" : null;
        radio.parentElement.append(element("span", { class: `face-name ${kind}` }, shown, sure));
    }

    /** Forget the photo. */
    clear() {
        if (this.#url) URL.revokeObjectURL(this.#url);
        this.#url = null;
        this.#image.removeAttribute("src");
        this.#faces.replaceChildren();
        this.#marks.replaceChildren();
        this.settle();
    }

    #choice(face, number, count) {
        const confidence = Math.round(face.confidence * 100);
        return element("input", {
            type: "radio",
            value: face.face_token,
            data: { number },
            label: ["picture.face", { number, count, confidence }],
            onchange: () => this.choose(face),
        });
    }
}

function box(face, radio, width, height) {
    const [left, top] = face.top_left;
    const [right, bottom] = face.bottom_right;
    const frame = element("label", { class: bottom > height * LOW ? "face-box low" : "face-box" }, radio);
    const [w, h] = [(right - left) / width, (bottom - top) / height];
    const shares = { "--x": left / width, "--y": top / height, "--w": w, "--h": h };
    for (const [name, share] of Object.entries(shares)) frame.style.setProperty(name, share);
    return frame;
}
