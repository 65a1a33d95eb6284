import type { Position } from '../base/errors.ts'
import { type Located, pathText } from '../base/mistake-positions.ts'

type Path = readonly PropertyKey[]

/** A text of a spec file that is certainly a mistake, and its path. Other mistakes in the same value are not reported. */
export type ForbiddenText = Position & { message: string; path: Path }

/** GitHub replaces expressions in workflows only. */
export const expressionText = `has an expression \`\${{ … }}\`, which is not evaluated in a file: write the value itself`
const credentialText =
  'looks like a credential, which must not be in a spec file: remove it, and replace the credential if the file was committed'

/** Expressions of workflows and credentials among the values and keys of a file. */
export function findForbiddenTexts(root: Located, isCredential: (text: string) => boolean): ForbiddenText[] {
  const found: ForbiddenText[] = []
  const look = (text: string, at: Position, path: Path, isKey: boolean) => {
    const isFree = path.at(-1) === 'description' && !isKey
    const message = isCredential(text) ? credentialText : text.includes('${{') && !isFree ? expressionText : undefined
    if (message === undefined) return
    const about = pathText(isKey ? path.slice(0, -1) : path)
    found.push({ ...at, path, message: `${about === '' ? '' : `${about}: `}${isKey ? `a key ${message}` : message}` })
  }
  const visit = ({ value, at, parts }: Located, path: Path) => {
    if (typeof value === 'string') look(value, at, path, false)
    for (const [step, { key, node }] of parts ?? []) {
      if (typeof step === 'string') look(step, key, [...path, step], true)
      visit(node, [...path, step])
    }
  }
  visit(root, [])
  return found
}

/** Is a path the same as another, or within it? */
export function isPathWithin(path: Path, outer: Path): boolean {
  return outer.length <= path.length && outer.every((step, index) => path[index] === step)
}
