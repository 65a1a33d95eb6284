// The code that works with answers. It is one file, and loads while the first requests are under way: a run needs all of it or nothing.

export { publishChecked, publishFailure, publishResults } from './publish-results.ts'
export { reserveCapacity } from './reserve-capacity.ts'
export { runClients } from './run-clients.ts'
