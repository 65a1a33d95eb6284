import { unprocessable } from './problem.ts'

/** Rules and wording: https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets */
export function checkName(name: string, kind: 'Secret' | 'Variable'): string {
  const upper = name.toUpperCase()
  if (!/^[A-Z_][A-Z0-9_]*$/.test(upper) || upper.startsWith('GITHUB_')) {
    throw unprocessable(
      `${kind} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). ` +
        'Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_). ' +
        'Must not start with GITHUB_.',
    )
  }
  return upper
}
