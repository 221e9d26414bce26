/** What keys and clicks do on the wall of faces. */

const MOVES = {
    ArrowLeft: () => -1,
    ArrowRight: () => 1,
    ArrowUp: (wall) => -wall.columns,
    ArrowDown: (wall) => wall.columns,
    PageUp: (wall) => -wall.columns * wall.rowsSeen,
    PageDown: (wall) => wall.columns * wall.rowsSeen,
    Home: () => -Infinity,
    End: () => Infinity,
};

/**
 * Have the keys and clicks below `root` do what they should; `does` has open(face), toggle(place, face, range),
 * selecting(), selectAll(), clear(), remove(face) and undo().
 */
export function listen(root, wall, does) {
    root.addEventListener("keydown", (event) => {
        if (event.defaultPrevented || event.altKey || event.target.closest("dialog")) return;
        const typing = event.target.matches("input:not([type=checkbox]), select");
        const handled = (!typing && anywhere(event, does)) || (wall.holdsFocus && inWall(event, wall, does));
        if (handled) event.preventDefault();
    });
    wall.root.addEventListener("click", (event) => clicked(event, does));
    // A range is selected by the shift key; the text in between is not.
    wall.root.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault());
}

function anywhere(event, does) {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "z" && !event.shiftKey) return does.undo();
    if (event.key === "Escape") return does.clear();
    return false;
}

function inWall(event, wall, does) {
    if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "a" && does.selectAll() !== false;
    if (event.key in MOVES) return moved(wall, MOVES[event.key](wall));
    const face = wall.active < wall.count ? wall.at(wall.active) : null;
    if (event.key === " ") return does.toggle(wall.active, face, event.shiftKey) !== false;
    if (!face) return false;
    if (event.key === "Enter") return does.open(face) !== false;
    if (event.key === "Delete") return does.remove(face) !== false;
    return false;
}

function moved(wall, by) {
    const to = wall.active + by;
    // Up from the first row and down from the last lead nowhere, rather than along the row.
    if (Math.abs(by) === wall.columns && (to < 0 || to >= wall.count)) return true;
    return wall.focus(to);
}

function clicked(event, does) {
    const cell = event.target.closest(".wall-cell")?.cell;
    if (!cell?.face) return;
    const onBox = event.target.closest(".wall-box");
    // With these keys a link opens elsewhere, as links do.
    if (!onBox && (event.ctrlKey || event.metaKey || event.button)) return;
    // A label passes its click on to its box; that one counts.
    if (onBox && event.target.tagName !== "INPUT") return;
    if (onBox || event.shiftKey || does.selecting()) does.toggle(cell.place, cell.face, event.shiftKey);
    else does.open(cell.face);
    if (!onBox) event.preventDefault();
}
