/** What the mutation run turns round, and what has to notice. */

/** The files that judge: from copies that were read to marks, verdicts and plans. */
export const JUDGING = [
  'src/agree.ts',
  'src/settle.ts',
  'src/identity.ts',
  'src/judge.ts',
  'src/check.ts',
  'src/complete.ts',
  'src/plan.ts',
  'src/across-formats.ts',
  'src/provenance/same-run.ts',
  'src/provenance/place-names.ts',
  'src/model/signature-twin.ts',
]

/** Tests that need no server and take a second or two. */
export const QUICK = ['test/core', 'test/provenance', 'test/model', 'test/verify/rules', 'test/mutation']

/** Asked only about what the quick ones let pass. */
export const THOROUGH = [
  'test/verify',
  'test/migrate/survey.test.ts',
  'test/migrate/drift.test.ts',
  'test/migrate/migrate.test.ts',
]
