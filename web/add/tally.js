/** How many photos of the batch are in which state. */

const BUSY = ["queued", "working", "adding"];
/** The states of a photo by the filter that shows them; what is busy is shown by "all" alone. */
const KINDS = {
    waiting: ["waiting"],
    added: ["added"],
    failed: ["failed", "refused", "cancelled"],
    nothing: ["noface", "there", "left"],
};
export const FILTERS = ["all", ...Object.keys(KINDS)];

/** Tell whether the batch has still to do something for a photo in that state. */
export function isBusy(state) {
    return BUSY.includes(state);
}

/** Return those photos that a filter shows. */
export function filtered(jobs, filter) {
    return filter === "all" ? jobs : jobs.filter(({ state }) => KINDS[filter].includes(state));
}

/** Count photos by filter, those to be done (`busy`) or tried again, and faces: added, ticked, and `named` only. */
export function tally(jobs) {
    const states = {};
    const counted = { all: jobs.length, faces: 0, ticked: 0, named: 0, retryable: 0 };
    for (const job of jobs) {
        states[job.state] = (states[job.state] ?? 0) + 1;
        counted.faces += job.added;
        if (job.state === "waiting") counted.ticked += job.ticked.length;
        counted.named += job.named.length;
        if (job.retryable) counted.retryable++;
    }
    const sum = (names) => names.reduce((total, name) => total + (states[name] ?? 0), 0);
    for (const [kind, names] of Object.entries(KINDS)) counted[kind] = sum(names);
    return { ...counted, busy: sum(BUSY), states };
}
