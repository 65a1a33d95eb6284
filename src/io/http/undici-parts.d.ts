// The package has types for its main entry alone.
declare module '*/node_modules/undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici'
  export default Agent
}
declare module '*/node_modules/undici/lib/dispatcher/client.js' {
  import { Client } from 'undici'
  export default Client
}
declare module '*/node_modules/undici/lib/core/connect.js' {
  import { buildConnector } from 'undici'
  export default buildConnector
}
declare module '*/node_modules/undici/lib/api/index.js' {
  import type { Dispatcher } from 'undici'

  const api: {
    request(this: Dispatcher, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>
    connect(this: Dispatcher, options: Omit<Dispatcher.ConnectOptions, 'origin'>): Promise<Dispatcher.ConnectData>
  }
  export default api
}
