// All that works with answers. It is loaded while the first ones are under way, and as one file: a run needs all of it, or nothing.

export { report, reportChecked, reportFailure } from './publish-results.ts'
export { enterBoth } from './reserve-capacity.ts'
export { run } from './run-clients.ts'
