// All that works with answers. It is loaded while the first ones are under way, and as one file: a run needs all of it, or nothing.
export { enterBoth } from './enter.ts'
export { report, reportChecked, reportFailure } from './report.ts'
export { run } from './run.ts'
