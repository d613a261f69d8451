//! What definitions in the catalogue say: there constants stand as numbers of their bytes, which no search of raw files meets.

use ::remains::{Kind, Needles};
use terms::Fault;

use super::Postgres;
use super::faults::fault;

/// Views, rules, checks, defaults, policies, indexes with expressions or conditions, triggers with conditions, sequences, statistics of
/// expressions: as the server writes them.
const DEFINITIONS: &str = "SELECT pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.oid >= 16384 \
     UNION ALL SELECT pg_get_ruledef(r.oid) FROM pg_rewrite r WHERE r.oid >= 16384 AND r.rulename <> '_RETURN' \
     UNION ALL SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contype = 'c' AND k.oid >= 16384 \
     UNION ALL SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.oid >= 16384 \
     UNION ALL SELECT pg_get_expr(p.polqual, p.polrelid) FROM pg_policy p \
     UNION ALL SELECT pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_policy p \
     UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indexrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) \
     UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgqual IS NOT NULL \
     UNION ALL SELECT pg_get_partition_constraintdef(c.oid) FROM pg_class c WHERE c.relispartition \
     UNION ALL SELECT concat_ws(' ', s.start_value, s.last_value, s.min_value, s.max_value) FROM pg_sequences s \
     UNION ALL SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s";
/// Conditions under which rows are published, since version 15.
const PUBLISHED: &str = "SELECT pg_get_expr(p.prqual, p.prrelid) FROM pg_publication_rel p WHERE p.prqual IS NOT NULL";
const PUBLISHED_SINCE: u32 = 15;
/// Bodies of functions that are kept as expressions, since version 14.
const BODIES: &str = "SELECT pg_get_function_sqlbody(f.oid) FROM pg_proc f WHERE f.prosqlbody IS NOT NULL AND f.oid >= 16384";
/// The first version that has them.
const BODIES_SINCE: u32 = 14;

/// Looks through all definitions of the database.
pub(super) fn look(postgres: &mut Postgres, structure: usize, needles: &mut Needles) -> Result<(), Fault> {
    let major: u32 = postgres.version.split('.').next().and_then(|v| v.parse().ok()).unwrap_or_default();
    let since = [(DEFINITIONS, 0), (BODIES, BODIES_SINCE), (PUBLISHED, PUBLISHED_SINCE)];
    for (sql, _) in since.into_iter().filter(|(_, since)| major >= *since) {
        for row in postgres.client.query(sql, &[]).map_err(|e| fault(&e, &postgres.source))? {
            let text: Option<String> = row.try_get(0).map_err(|e| fault(&e, &postgres.source))?;
            needles.look_for(structure, text.unwrap_or_default().as_bytes(), &|kind| kind == Kind::Alone);
        }
    }
    Ok(())
}
