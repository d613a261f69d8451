"""Checks the decoders on known bytes, and both programs against data that real servers wrote.

Needs PostgreSQL 15 and MariaDB installed; run as root (PostgreSQL runs as `postgres`) or as an
ordinary user. Starts its own servers on free loopback ports below a temporary folder and stops them.
"""

import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import string
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import inflate
import innodb_pages
import pg_pages
import sqlite_pages

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
COUNT = 300
SHARE = 0.95
LEFT = 0.1  # VACUUM writes over some of the deleted rows, how many is its affair
CHANCE = random.Random(20250101)
LETTERS = string.ascii_letters + string.digits
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def words():
    return ["".join(CHANCE.choices(LETTERS, k=CHANCE.randint(11, 20))) for _ in range(COUNT)]


def numbers():
    return [str(CHANCE.randrange(10 ** (digits - 1), 10 ** digits))
            for digits in CHANCE.choices(range(11, 19), k=COUNT)]


def small_words():
    return [word.lower() for word in words()]


def short_numbers():
    """Numbers that a real holds exactly."""
    return [str(CHANCE.randrange(10 ** 10, 10 ** 15)) for _ in range(COUNT)]


def noise(length):
    return "".join(CHANCE.choices("0123456789abcdef", k=length))


def dull(value):
    """A repetitive text of 4 kB with the value in its middle."""
    line = "one line of a long and dull story, told again; "
    return (line * 43)[:2000] + value + (line * 43)[:2000]


def straddling(value, border):
    """Noise with the value across a border between two pieces of `border` bytes."""
    return noise(border - 5) + value + noise(2000)


def hidden(value):
    """Eight kilobytes that shrink, yet not enough to stay in the row."""
    return noise(4000) + dull(value) + noise(4000)


def among_kept(texts):
    """The texts with a row that stays before each two of them."""
    for number, text in enumerate(texts):
        if number % 2 == 0:
            yield dull("stays") + noise(8000 if len(text) > 8000 else 0)
        yield text


def inserts(table, texts):
    rows = [f"({number},'{text}')" for number, text in enumerate(texts)]
    return "".join(f"INSERT INTO {table} VALUES {','.join(rows[at:at + 50])};\n" for at in range(0, len(rows), 50))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def call(command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    return done.stdout


@contextlib.contextmanager
def postgres(folder):
    """A fresh server; gives a function that runs SQL."""
    data, port = folder / "pg", free_port()
    call([*AS_POSTGRES, POSTGRES / "initdb", "-D", data, "-U", "tester", "--auth=trust", "--encoding=UTF8",
          "--locale=C.UTF-8", "--no-sync"], cwd=folder)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c autovacuum=off"
    control = [*AS_POSTGRES, POSTGRES / "pg_ctl", "-D", data, "-w", "-s"]
    subprocess.run([*map(str, control), "-l", str(data / "log"), "-o", options, "start"], check=True, cwd=folder,
                   stdout=subprocess.DEVNULL)
    try:
        client = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", port, "-U", "tester", "postgres"]
        yield lambda sql: call(client, input=sql)
    finally:
        call([*control, "-m", "fast", "stop"], cwd=folder)


@contextlib.contextmanager
def mariadb(folder):
    """A fresh server; gives a function that runs SQL."""
    data, sock = folder / "my", folder / "my.sock"
    call(["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}",
          "--auth-root-authentication-method=normal", "--skip-test-db"])
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--socket={sock}",
         f"--pid-file={folder / 'my.pid'}", "--bind-address=127.0.0.1", f"--port={free_port()}", "--skip-log-bin",
         "--skip-name-resolve", "--innodb-buffer-pool-size=64M"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not sock.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("mariadbd did not start")
            time.sleep(0.1)
        yield lambda sql: call(["mariadb", "--no-defaults", f"--socket={sock}", "-uroot"], input=sql)
    finally:
        server.terminate()
        server.wait(60)


def fill_postgres(sql, sets):
    sql("CREATE TABLE plain(id int, v text);" + inserts("plain", sets["text"]))
    sql("CREATE TABLE number(id int, v bigint);" + inserts("number", sets["bigint"]))
    sql("CREATE TABLE amount(id int, v numeric);" + inserts("amount", sets["numeric"]))
    for method in ("pglz", "lz4"):
        sql(f"SET default_toast_compression='{method}'; CREATE TABLE row_{method}(id int, v text);"
            f"CREATE TABLE toast_{method}(id int, v text);"
            + inserts(f"row_{method}", map(dull, sets[f"{method} in line"]))
            + inserts(f"toast_{method}", map(hidden, sets[f"{method} in TOAST"])))
    sql("CREATE TABLE outside(id int, v text); ALTER TABLE outside ALTER v SET STORAGE EXTERNAL;"
        + inserts("outside", (straddling(value, 1996) for value in sets["TOAST external, across chunks"])))
    sql("SET default_toast_compression='pglz'; CREATE TABLE gone(id int, v text); CREATE TABLE gone_toast(id int, v text);"
        + inserts("gone", among_kept(map(dull, sets["pglz in line, deleted"])))
        + inserts("gone_toast", among_kept(map(hidden, sets["pglz in TOAST, deleted"])))
        + "DELETE FROM gone WHERE id % 3 > 0; DELETE FROM gone_toast WHERE id % 3 > 0;")
    sql("VACUUM gone, gone_toast;")


def fill_mariadb(sql, sets):
    def table(columns, name, texts, options=""):
        sql(f"CREATE TABLE s.{name}(id INT PRIMARY KEY, v {columns}) ENGINE=InnoDB {options};"
            + inserts(f"s.{name}", texts))
    sql("CREATE DATABASE s;")
    table("VARCHAR(40)", "plain", sets["text"])
    table("BIGINT", "number", sets["bigint"])
    table("DECIMAL(20,0)", "amount", sets["decimal"])
    for size in (4, 8):
        table("VARCHAR(40)", f"zip{size}", sets[f"ROW_FORMAT=COMPRESSED {size} kB"],
              f"ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE={size}")
    table("LONGTEXT", "zip_blob", map(hidden, sets["ROW_FORMAT=COMPRESSED BLOB"]), "ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8")
    table("VARCHAR(40)", "pages", sets["PAGE_COMPRESSED"], "PAGE_COMPRESSED=1")
    table("LONGTEXT", "blobs", (straddling(value, 16330) for value in sets["BLOB across pages"]))
    table("LONGTEXT", "page_blobs", (straddling(value, 16330) for value in sets["PAGE_COMPRESSED BLOB across pages"]),
          "PAGE_COMPRESSED=1")
    table("TEXT COMPRESSED", "columns", map(dull, sets["COMPRESSED column"]))


@contextlib.contextmanager
def sqlite(folder):
    """A database in a folder of its own with nothing cleaned up; gives a function that runs SQL."""
    (folder / "lite").mkdir()
    connection = sqlite3.connect(folder / "lite" / "db", isolation_level=None)
    connection.executescript("PRAGMA secure_delete = OFF; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;")
    yield connection.executescript
    copied = shutil.copytree(folder / "lite", folder / "lite_copy")  # with the journal, which goes when it is closed
    connection.close()
    shutil.rmtree(folder / "lite")
    copied.rename(folder / "lite")


def fill_sqlite(sql, sets):
    def table(name, texts, column="v"):
        sql(f"CREATE TABLE {name}(id INTEGER PRIMARY KEY, {column});" + inserts(name, texts))
    table("plain", sets["text"])
    table("number", sets["integer"], "v INTEGER")
    table("amount", sets["real"], "v REAL")
    table("outside", (straddling(value, 4064) for value in sets["text across overflow pages"]))
    table("gone", among_kept(sets["deleted rows"]))
    sql("DELETE FROM gone WHERE id % 3 > 0;")
    sql("CREATE VIRTUAL TABLE terms USING fts5(v, content='');"
        + "".join(f"INSERT INTO terms VALUES ('{value}');" for value in sets["full-text index alone"])
        + "INSERT INTO terms(terms) VALUES ('optimize');")
    table("dropped", sets["table that was dropped"])
    sql("DROP TABLE dropped; PRAGMA wal_checkpoint(TRUNCATE);")
    table("newest", sets["in the journal alone"])


# name of the set -> (maker of values, structure that must find them, least share)
POSTGRES_SETS = {
    "text": (words, "plain:base", SHARE),
    "bigint": (numbers, "plain:base", SHARE),
    "numeric": (numbers, "plain:base", SHARE),
    "pglz in line": (words, "heap_inline_pglz", SHARE),
    "lz4 in line": (words, "heap_inline_lz4", SHARE),
    "pglz in TOAST": (words, "toast", SHARE),
    "lz4 in TOAST": (words, "toast", SHARE),
    "TOAST external, across chunks": (words, "toast", SHARE),
    "pglz in line, deleted": (words, "heap_inline_pglz:hole", LEFT),
    "pglz in TOAST, deleted": (words, "toast:hole", LEFT),
    "never stored": (words, None, 0),
}
MARIADB_SETS = {
    "text": (words, "plain:ibd", SHARE),
    "bigint": (numbers, "plain:ibd", SHARE),
    "decimal": (numbers, "plain:ibd", SHARE),
    "ROW_FORMAT=COMPRESSED 4 kB": (words, "inflated", SHARE),
    "ROW_FORMAT=COMPRESSED 8 kB": (words, "inflated", SHARE),
    "ROW_FORMAT=COMPRESSED BLOB": (words, "inflated", SHARE),
    "PAGE_COMPRESSED": (words, "inflated", SHARE),
    "PAGE_COMPRESSED BLOB across pages": (words, "blob_joined", SHARE),
    "BLOB across pages": (words, "blob_joined", SHARE),
    "COMPRESSED column": (words, "column_inflated", SHARE),
    "never stored": (words, None, 0),
}
SQLITE_SETS = {
    "text": (words, "rows", SHARE),
    "integer": (numbers, "rows", SHARE),
    "real": (short_numbers, "plain", SHARE),
    "text across overflow pages": (words, "rows", SHARE),
    "table that was dropped": (words, "free_pages", LEFT),
    "deleted rows": (words, "page_holes", LEFT),
    "full-text index alone": (small_words, "fts5_terms", SHARE),
    "in the journal alone": (words, "journal_rows", SHARE),
    "never stored": (words, None, 0),
}


def check_known_bytes():
    """Streams written by hand from the formats' descriptions."""
    assert inflate.pglz(b"\x08abc\x06\x03", 12) == b"abc" * 4
    assert inflate.pglz(b"\x02z\x0f\x01\xff", 274) == b"z" * 274
    assert inflate.pglz(b"\x00abcdefgh\x01\x00\x08", 11) == b"abcdefghabc"
    assert inflate.pglz(b"\x00" + b"\x00".join(bytes([65 + n]) * 8 for n in range(40)) + b"\x01\x10\x40", 323)[-3:] == b"AAA"
    assert inflate.pglz(b"\x02a\x00\x05bcd", 9) == b"a"  # points before the beginning
    assert inflate.pglz(b"\x02a\x00\x05bcd", 7, 0, True) == b"a???bcd"
    assert inflate.lz4(b"\x35abc\x03\x00\x30xyz", 15) == b"abc" * 4 + b"xyz"
    assert inflate.lz4(b"\x1fz\x01\x00\xff\x05\x00", 280) == b"z" * 280
    assert inflate.lz4(b"\xf0\x01" + b"0123456789abcdef", 16) == b"0123456789abcdef"
    assert pg_pages.numeric(13800138000) == bytes.fromhex("8a000d00401f")
    assert pg_pages.numeric(120000) == bytes.fromhex("01800c00")
    assert [part.hex() for part in innodb_pages.decimal("1234567890")] == ["810dfb38d2", "010dfb38d2"]


def check_program(program, data, folder, made):
    """Runs one program with all values at once; returns the number of sets it fails."""
    values = folder / "values"
    values.write_text("".join(value + "\n" for name in made for value in SETS[program][name]), encoding="utf-8")
    answer = json.loads(call([sys.executable, HERE / program, data, values, "--places"]))
    assert answer["values"] == len(made) * COUNT and not answer["unread"] + answer["untried"], answer
    found = {structure: [place["value"] - 1 for place in places] for structure, places in answer["places"].items()}
    assert {name: len(numbers) for name, numbers in found.items()} == {n: c for n, c in answer["found"].items() if c}
    print(f"     {program}: {answer['bytes'] >> 20} MB, {answer['seconds']} s for {answer['values']} values")
    return sum(not check_set(position, name, found, *made[name][1:]) for position, name in enumerate(made))


def check_set(position, name, found, structure, share):
    """Compares what was found of one set with the share that is asked for."""
    counts = {key: sum(number // COUNT == position for number in numbers) for key, numbers in found.items()}
    good = counts.get(structure, 0) >= share * COUNT if structure else not any(counts.values())
    others = ", ".join(f"{key} {count}" for key, count in counts.items() if count and key != structure)
    print(f"{'ok  ' if good else 'FAIL'} {name}: {structure or 'anywhere'} {counts.get(structure, 0)} of {COUNT}; "
          f"else {others or 'nothing'}")
    return good


SETS = {
    "pg_pages.py": {name: maker() for name, (maker, _, _) in POSTGRES_SETS.items()},
    "innodb_pages.py": {name: maker() for name, (maker, _, _) in MARIADB_SETS.items()},
    "sqlite_pages.py": {name: maker() for name, (maker, _, _) in SQLITE_SETS.items()},
}


def main():
    begun = time.monotonic()
    check_known_bytes()
    print("ok   known bytes")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if AS_POSTGRES:
            shutil.chown(folder, "postgres")
        with postgres(folder) as sql:
            fill_postgres(sql, SETS["pg_pages.py"])
        failures = check_program("pg_pages.py", folder / "pg", folder, POSTGRES_SETS)
        with mariadb(folder) as sql:
            fill_mariadb(sql, SETS["innodb_pages.py"])
        failures += check_program("innodb_pages.py", folder / "my", folder, MARIADB_SETS)
        with sqlite(folder) as sql:
            fill_sqlite(sql, SETS["sqlite_pages.py"])
        failures += check_program("sqlite_pages.py", folder / "lite", folder, SQLITE_SETS)
    print(f"{failures} failures, {time.monotonic() - begun:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
