// The package has types for its main entry alone.
declare module '*/node_modules/yaml/browser/dist/index.js' {
  export * from 'yaml'
}
declare module '*/node_modules/yaml/browser/dist/compose/compose-doc.js' {
  import type { Document, ParsedNode } from 'yaml'

  type Source = number | [number, number] | [number, number, number] | { offset: number }
  type OnError = (source: Source, code: string, message: string, isWarning?: boolean) => void
  export function composeDoc(
    options: object,
    directives: object,
    token: object,
    onError: OnError,
  ): Document.Parsed<ParsedNode>
}
declare module '*/node_modules/yaml/browser/dist/doc/directives.js' {
  export class Directives {
    constructor(yaml: { version: '1.2' })
  }
}
