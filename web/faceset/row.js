/** A row of the wall of faces; it is filled again and again, with other faces. */
import { cropUrl } from "../api.js";
import { element, word } from "../element.js";
import { moment } from "../texts.js";
import { faceUrl, UNNAMED } from "../tile.js";

/** Hold as many cells as the wall has columns. */
export class Row {
    cells = [];
    #index = -1;
    #pixels = null;
    root = element("div", { class: "wall-row", role: "row" });

    /** Show the faces of `wall`: {columns, count, at(index), chosen(token), active}. */
    fill(index, wall) {
        if (this.#index !== index) this.root.setAttribute("aria-rowindex", index + 1);
        this.#index = index;
        while (this.cells.length < wall.columns) this.root.append(this.cells[this.cells.push(new Cell()) - 1].root);
        while (this.cells.length > wall.columns) this.cells.pop().root.remove();
        this.cells.forEach((cell, column) => {
            const place = index * wall.columns + column;
            const beyond = place >= wall.count;
            if (cell.root.hidden !== beyond) cell.root.hidden = beyond;
            cell.fill(place, beyond ? null : wall.at(place), wall);
        });
    }

    /** Ask for the crops that are not here yet. */
    showCrops() {
        for (const cell of this.cells) cell.showCrop();
    }

    /** Put the row so many pixels below the upper edge of the wall. */
    move(pixels) {
        if (pixels !== this.#pixels) this.root.style.setProperty("translate", `0 ${pixels}px`);
        this.#pixels = pixels;
    }
}

/** Return a row of one empty cell that nobody sees, to be measured. */
export function probe() {
    const row = new Row();
    row.root.classList.add("wall-probe");
    row.root.setAttribute("aria-hidden", "true");
    row.fill(0, { columns: 1, count: 1, active: -1, at: () => null, chosen: () => false });
    return row.root;
}

class Cell {
    place = -1;
    face = null;
    #token;
    #name = null;
    #added = null;
    #chosen = null;
    #tabIndex = null;
    #crop = element("img", { class: "crop", alt: "", decoding: "async", width: 96, height: 96, draggable: false });
    #worded = element("span", { dir: "auto" });
    #box = element("input", { type: "checkbox", tabIndex: -1 });
    #day = element("span", { class: "faint wall-day" });
    link = element("a", { class: "tile", draggable: false }, this.#crop, this.#worded, this.#day);

    constructor() {
        const box = element("label", { class: "wall-box" }, this.#box);
        this.root = element("div", { class: "wall-cell", role: "gridcell" }, this.link, box);
        this.root.cell = this;
        this.#crop.addEventListener("error", () => this.#crop.classList.add("absent"));
        for (const kind of ["pointerenter", "focusin"]) this.root.addEventListener(kind, () => this.#tellTime());
    }

    fill(place, face, wall) {
        this.place = place;
        this.face = face;
        const token = face?.face_token ?? null;
        if (token !== this.#token) this.#turnTo(token);
        if (face && face.face_name !== this.#name) this.#setName(face.face_name);
        if (face && face.created_at !== this.#added) this.#setDay(face.created_at);
        this.#choose(token !== null && wall.chosen(token));
        const tabIndex = place === wall.active ? 0 : -1;
        if (this.#tabIndex !== tabIndex) this.link.tabIndex = tabIndex;
        this.#tabIndex = tabIndex;
    }

    showCrop() {
        if (this.#token && !this.#crop.hasAttribute("src")) this.#crop.src = cropUrl(this.#token);
    }

    #choose(chosen) {
        // A box that is clicked has changed by itself; setting what is there already costs time in each frame.
        if (this.#box.checked !== chosen) this.#box.checked = chosen;
        if (this.#chosen !== chosen) this.root.setAttribute("aria-selected", chosen);
        this.#chosen = chosen;
    }

    #turnTo(token) {
        this.#token = token;
        this.#name = null;
        this.#crop.removeAttribute("src");
        this.#crop.classList.remove("absent");
        this.link.removeAttribute("title");
        this.#box.disabled = token === null;
        this.root.classList.toggle("waiting", token === null);
        if (token !== null) {
            this.link.href = faceUrl(token);
            this.link.removeAttribute("role");
            return;
        }
        // Keys may be faster than the server: the place holds the focus already.
        this.link.removeAttribute("href");
        this.link.setAttribute("role", "link");
        this.#added = null;
        word(this.#day, "text", "");
        word(this.#worded, "text", "faceset.wait");
        word(this.#box, "label", "faceset.wait");
        this.#worded.className = "faint";
    }

    #setName(name) {
        this.#name = name;
        const unnamed = name === UNNAMED;
        this.#worded.className = unnamed ? "faint" : "name";
        word(this.#worded, "text", unnamed ? "face.unnamed" : "");
        if (!unnamed) this.#worded.textContent = name;
        word(this.#box, "label", unnamed ? "faceset.select.unnamed" : ["faceset.select", { name }]);
    }

    #setDay(added) {
        this.#added = added;
        word(this.#day, "text", ["faceset.day", { day: new Date(added * 1000) }]);
    }

    #tellTime() {
        if (this.face) this.link.title = moment(this.face.created_at);
    }
}
