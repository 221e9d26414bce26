/** What a search found: faces grouped by name, nearest first, filtered by a threshold without another search. */
import { chip } from "../answer.js";
import { button, element, word } from "../element.js";
import { nameOf, tile, UNNAMED } from "../tile.js";
import { verdict } from "../verdict.js";

const SHOWN_AT_ONCE = 12;

/** Show the matches of one search. */
export class Matches {
    #groups = [];
    #cut = element("p", { class: "faint", hidden: true });
    #list = element("div", { class: "groups" });
    root = element("div", { class: "matches" }, this.#list, this.#cut);

    /** Take the rows of a /search answer, ascending, and the number of faces that were searched. */
    setMatches(rows, faces) {
        const named = new Map();
        for (const row of rows) named.set(row.face_name, [...(named.get(row.face_name) ?? []), row]);
        // The rows ascend, so the groups stand in the order of their nearest.
        this.#groups = [...named].map(([name, members]) => new Group(name, members, faces));
        this.#list.replaceChildren(...this.#groups.map((group) => group.root));
    }

    /** Show those within a distance; `total` is how many there are, of which not all may be here. */
    filter(within, total) {
        const shown = this.#groups.reduce((sum, group) => sum + group.filter(within), 0);
        this.#cut.hidden = shown >= total;
        if (shown < total) word(this.#cut, "text", ["matches.cut", { count: shown, total }]);
    }
}

class Group {
    #count = element("span", { class: "faint" });
    #tiles = element("div", { class: "tiles" });
    #more = button("matches.more", { class: "quiet", onclick: () => this.#showAll() });
    #limit = SHOWN_AT_ONCE;

    constructor(name, rows, faces) {
        this.rows = rows;
        this.within = 0;
        const kind = verdict(rows[0].distance, faces);
        const title = element("h3", {}, nameOf(name));
        const several = name === UNNAMED && rows.length > 1;
        this.root = element(
            "section",
            { class: "group" },
            element("div", { class: "row" }, title, this.#count, chip(kind)),
            several ? element("p", { class: "faint", text: "matches.unnamed" }) : null,
            this.#tiles,
            this.#more,
        );
    }

    /** Show its members within a distance, and return how many those are. */
    filter(within) {
        this.within = within;
        const inside = this.rows.filter((row) => row.distance <= within).length;
        this.root.hidden = inside === 0;
        const shown = Math.min(inside, this.#limit);
        this.#tiles.append(...this.rows.slice(this.#tiles.children.length, shown).map(tileOf));
        [...this.#tiles.children].forEach((child, place) => { child.hidden = place >= shown; });
        word(this.#count, "text", ["matches.count", { count: inside }]);
        this.#more.hidden = shown >= inside;
        if (shown < inside) word(this.#more.lastChild, "text", ["matches.more", { count: inside - shown }]);
        return inside;
    }

    #showAll() {
        const next = this.#tiles.children.length;
        this.#limit = this.rows.length;
        this.filter(this.within);
        this.#tiles.children[next]?.focus();
    }
}

function tileOf(row) {
    return tile({ token: row.face_token, name: row.face_name, distance: row.distance });
}
