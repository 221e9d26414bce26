/** Where photos go that are pasted or dropped: to the side that is meant, one or both. */

/**
 * Aim what comes while `root` is shown at one of `sides`: that under it, or the one that `isEmpty(side)`, which tells
 * that it waits for a photo. `take(side, file)` gets each.
 */
export function aim(root, sides, isEmpty, take) {
    const light = (side) => {
        for (const each of sides) each.place.classList.toggle("over", each === side);
    };
    const aimed = (event) => {
        const files = [...((event.clipboardData ?? event.dataTransfer)?.files ?? [])];
        const dragged = event.type === "dragover" && event.dataTransfer?.types.includes("Files");
        if (!root.checkVisibility() || (!files.length && !dragged)) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const on = sides.find((side) => side.root.contains(event.target));
        const side = (event.type === "paste" ? null : on) ?? waiting(sides, isEmpty);
        light(dragged ? side : null);
        if (files.length > 1) sides.forEach((each, place) => take(each, files[place]));
        else if (files.length) take(side, files[0]);
    };
    // Before the places for photos, which take whatever comes, each for itself.
    for (const kind of ["paste", "dragover", "drop"]) addEventListener(kind, aimed, true);
    for (const kind of ["dragleave", "dragend"]) addEventListener(kind, () => light(null));
}

function waiting(sides, isEmpty) {
    const focused = sides.filter(({ root }) => root.contains(document.activeElement));
    return focused.find(isEmpty) ?? sides.find(isEmpty) ?? focused[0] ?? sides.at(-1);
}
