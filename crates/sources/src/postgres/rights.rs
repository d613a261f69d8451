//! Rights that erasing and purging need (docs/why/residue.md): asked for before the first deletion, named as the statement that gives them.

use terms::{Fault, Place};
use tokio_postgres::types::ToSql;

use super::faults::fault;
use super::list::{Kind, Table};
use super::quoted;
use super::session::Session;

/// Whether the user may read the large object `o`, and whether it is its own: nobody else may drop it.
pub(super) const READABLE: &str = "pg_has_role(o.lomowner, 'USAGE') OR EXISTS (SELECT FROM aclexplode(o.lomacl) a \
     WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))";
const OWN: &str = "pg_has_role(o.lomowner, 'USAGE')";

/// Asks whether every large object is `such`, or the server does not look.
pub(super) fn large_objects(such: &str) -> String {
    format!(
        "SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR current_setting('lo_compat_privileges')::bool \
         OR NOT EXISTS (SELECT FROM pg_largeobject_metadata o WHERE NOT ({such}))"
    )
}

/// The statement that gives the user something of every large object that others own: the server knows none for all of them.
fn with_each(what: &str, give: &str, user: &str) -> String {
    let literal = format!("'{}'", user.replace('\'', "''"));
    // What encloses the statement stands in no name inside of it.
    let mut tag = "each".to_owned();
    while user.contains(&tag) {
        tag.push('_');
    }
    format!(
        "DO ${tag}$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata WHERE NOT pg_has_role({literal}, lomowner, 'USAGE') LOOP \
         EXECUTE format('{what} LARGE OBJECT %s {give} %I', o, {literal}); END LOOP; END ${tag}$;"
    )
}

/// Statements that give what is missing.
pub(super) fn missing(client: &mut Session, source: &Place, tables: &[Table], deep: bool) -> Result<Vec<String>, Fault> {
    let mut asking = Asking { client, source };
    let name = asking.text("SELECT current_user::text", &[])?;
    let user = quoted(&name);
    let database = quoted(&asking.text("SELECT current_database()::text", &[])?);
    let mut out = Vec::new();
    for table in tables.iter().filter(|t| t.kind != Kind::LargeObjects) {
        for right in ["UPDATE", "DELETE"] {
            if !asking.has("SELECT has_table_privilege($1::oid, $2::text)", &[&table.oid, &right])? {
                out.push(format!("GRANT {right} ON {} TO {user};", table.sql));
            }
        }
        // Others than the owner get a warning, and "success".
        if !asking.has("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = $1", &[&table.oid])? {
            out.push(format!("ALTER TABLE {} OWNER TO {user};", table.sql));
        }
    }
    if tables.iter().any(|t| t.kind == Kind::LargeObjects) && !asking.has(&large_objects(OWN), &[])? {
        out.push(with_each("ALTER", "OWNER TO", &name));
    }
    // Materialised views over them are computed anew.
    let oids: Vec<u32> = tables.iter().map(|t| t.oid).collect();
    for row in asking.client.query(super::purge::VIEWS, &[&oids]).map_err(|e| fault(&e, source))? {
        let of = |i: usize| row.try_get::<_, String>(i).map_err(|e| fault(&e, source));
        let (view, oid) = (format!("{}.{}", quoted(&of(0)?), quoted(&of(1)?)), row.try_get::<_, u32>(2).map_err(|e| fault(&e, source))?);
        if !asking.has("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = $1", &[&oid])? {
            out.push(format!("ALTER MATERIALIZED VIEW {view} OWNER TO {user};"));
        }
    }
    if !asking.has("SELECT pg_has_role('pg_read_all_stats', 'USAGE')", &[])? {
        out.push(format!("GRANT pg_read_all_stats TO {user};"));
    }
    if !deep {
        return Ok(out);
    }
    if !asking.has("SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()", &[])? {
        out.push(format!("ALTER DATABASE {database} OWNER TO {user};"));
    }
    let superuser = asking.has("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", &[])?;
    if !superuser
        && !asking.has("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'USAGE'))", &[])?
    {
        out.push(format!("GRANT pg_checkpoint TO {user};"));
    }
    let needed = ["pg_switch_wal()", "pg_reload_conf()", "pg_show_all_file_settings()", "lo_from_bytea(oid, bytea)", "lo_unlink(oid)"];
    for function in needed {
        if !asking.has("SELECT has_function_privilege('pg_catalog.' || $1::text, 'EXECUTE')", &[&function])? {
            out.push(format!("GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO {user};"));
        }
    }
    if !superuser && !asking.has("SELECT has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')", &[])? {
        out.push(format!("GRANT SELECT ON pg_catalog.pg_file_settings TO {user};"));
    }
    let counted = "SELECT coalesce((SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_extension e JOIN pg_proc p ON p.pronamespace = e.extnamespace \
         WHERE e.extname = 'pg_stat_statements' AND p.proname = 'pg_stat_statements_reset' LIMIT 1), true)";
    if !asking.has(counted, &[])? {
        out.push(format!("GRANT EXECUTE ON FUNCTION pg_stat_statements_reset TO {user};"));
    }
    for setting in ["wal_recycle", "min_wal_size", "wal_keep_size"] {
        if !superuser && !asking.may_set(setting)? {
            out.push(format!("GRANT ALTER SYSTEM ON PARAMETER {setting} TO {user};"));
        }
    }
    Ok(out)
}

/// Statements that let the user read what it cannot.
pub(super) fn unreadable(client: &mut Session, source: &Place) -> Result<Vec<String>, Fault> {
    const SCHEMAS: &str = "SELECT format('GRANT USAGE ON SCHEMA %I TO %I;', nspname, current_user) FROM pg_namespace \
         WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT has_schema_privilege(oid, 'USAGE') ORDER BY 1";
    const TABLES: &str = "SELECT format('GRANT SELECT ON %I.%I TO %I;', n.nspname, c.relname, current_user) FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND n.nspname !~ '^pg_' \
         AND n.nspname <> 'information_schema' AND NOT has_table_privilege(c.oid, 'SELECT') ORDER BY 1";
    let mut out = Vec::new();
    for sql in [SCHEMAS, TABLES] {
        for row in client.query(sql, &[]).map_err(|e| fault(&e, source))? {
            out.push(row.try_get(0).map_err(|e| fault(&e, source))?);
        }
    }
    let mut asking = Asking { client, source };
    if !asking.has(&large_objects(READABLE), &[])? {
        let name = asking.text("SELECT current_user::text", &[])?;
        out.push(with_each("GRANT SELECT ON", "TO", &name));
    }
    Ok(out)
}

struct Asking<'a> {
    client: &'a mut Session,
    source: &'a Place,
}

impl Asking<'_> {
    fn text(&mut self, sql: &str, bound: &[&(dyn ToSql + Sync)]) -> Result<String, Fault> {
        self.client.query_one(sql, bound).and_then(|r| r.try_get(0)).map_err(|e| fault(&e, self.source))
    }

    fn has(&mut self, sql: &str, bound: &[&(dyn ToSql + Sync)]) -> Result<bool, Fault> {
        self.client.query_one(sql, bound).and_then(|r| r.try_get(0)).map_err(|e| fault(&e, self.source))
    }

    /// Servers before 15 give this right to superusers only.
    fn may_set(&mut self, setting: &str) -> Result<bool, Fault> {
        let knows = "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = 'has_parameter_privilege')";
        Ok(self.has(knows, &[])? && self.has("SELECT has_parameter_privilege($1::text, 'ALTER SYSTEM')", &[&setting])?)
    }
}
