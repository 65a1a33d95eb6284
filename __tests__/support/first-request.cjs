// Put before a program by `--require`: says at its first request by Node's own client what is loaded by then.
const { subscribe } = require('node:diagnostics_channel')

// Each costs more than the request itself: cryptography, compression, the other HTTP client, what reads files with promises.
const costly = ['crypto', 'zlib', 'tls', 'https', 'http2', 'internal/deps/undici/undici', 'internal/readline/interface']
let isFirst = true
subscribe('http.client.request.start', () => {
  if (!isFirst) return
  isFirst = false
  const modules = process.moduleLoadList.map((name) => name.replace(/^NativeModule /, ''))
  const heavy = modules.filter((name) => costly.includes(name))
  console.log(
    `at the first request: ${JSON.stringify({ modules: modules.filter((name) => !/[ /]/.test(name)), heavy })}`,
  )
})
