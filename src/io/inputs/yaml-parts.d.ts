// The package has types for its main entry alone.
declare module '*/node_modules/yaml/browser/dist/index.js' {
  export * from 'yaml'
}
