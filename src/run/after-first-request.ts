// The code that works with the answers about clients: it loads while the first requests are under way.

export { publishResults } from './publish-results.ts'
export { reserveCapacity } from './reserve-capacity.ts'
export { runClients } from './run-clients.ts'
