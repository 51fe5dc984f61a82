// A released migration never changes and is never removed: add the next number, for both databases.
#include "Migrations.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char sqlite_0001[] = {
#embed "0001_core.sqlite.sql"
};
static const unsigned char postgres_0001[] = {
#embed "0001_core.postgres.sql"
};

static const unsigned char sqlite_0002[] = {
#embed "0002_idempotency.sqlite.sql"
};
static const unsigned char postgres_0002[] = {
#embed "0002_idempotency.postgres.sql"
};

static const unsigned char sqlite_0003[] = {
#embed "0003_indexes.sqlite.sql"
};
static const unsigned char postgres_0003[] = {
#embed "0003_indexes.postgres.sql"
};

static const unsigned char sqlite_0004[] = {
#embed "0004_search.sqlite.sql"
};
static const unsigned char postgres_0004[] = {
#embed "0004_search.postgres.sql"
};

static const unsigned char sqlite_0005[] = {
#embed "0005_lifetime.sqlite.sql"
};
static const unsigned char postgres_0005[] = {
#embed "0005_lifetime.postgres.sql"
};

static const unsigned char sqlite_0006[] = {
#embed "0006_usage.sqlite.sql"
};
static const unsigned char postgres_0006[] = {
#embed "0006_usage.postgres.sql"
};

static const unsigned char sqlite_0007[] = {
#embed "0007_triggers.sqlite.sql"
};
static const unsigned char postgres_0007[] = {
#embed "0007_triggers.postgres.sql"
};

static const unsigned char sqlite_0008[] = {
#embed "0008_function_versions.sqlite.sql"
};
static const unsigned char postgres_0008[] = {
#embed "0008_function_versions.postgres.sql"
};

static const unsigned char sqlite_0009[] = {
#embed "0009_runs.sqlite.sql"
};
static const unsigned char postgres_0009[] = {
#embed "0009_runs.postgres.sql"
};

static const unsigned char sqlite_0010[] = {
#embed "0010_secrets.sqlite.sql"
};
static const unsigned char postgres_0010[] = {
#embed "0010_secrets.postgres.sql"
};

static const unsigned char sqlite_0011[] = {
#embed "0011_parked_born.sqlite.sql"
};
static const unsigned char postgres_0011[] = {
#embed "0011_parked_born.postgres.sql"
};

static const roost_migration migrations[] = {
  {1, "core", sqlite_0001, sizeof sqlite_0001, postgres_0001, sizeof postgres_0001},
  {2, "idempotency", sqlite_0002, sizeof sqlite_0002, postgres_0002, sizeof postgres_0002},
  {3, "indexes", sqlite_0003, sizeof sqlite_0003, postgres_0003, sizeof postgres_0003},
  {4, "search", sqlite_0004, sizeof sqlite_0004, postgres_0004, sizeof postgres_0004},
  {5, "lifetime", sqlite_0005, sizeof sqlite_0005, postgres_0005, sizeof postgres_0005},
  {6, "usage", sqlite_0006, sizeof sqlite_0006, postgres_0006, sizeof postgres_0006},
  {7, "triggers", sqlite_0007, sizeof sqlite_0007, postgres_0007, sizeof postgres_0007},
  {8, "function_versions", sqlite_0008, sizeof sqlite_0008, postgres_0008, sizeof postgres_0008},
  {9, "runs", sqlite_0009, sizeof sqlite_0009, postgres_0009, sizeof postgres_0009},
  {10, "secrets", sqlite_0010, sizeof sqlite_0010, postgres_0010, sizeof postgres_0010},
  {11, "parked_born", sqlite_0011, sizeof sqlite_0011, postgres_0011, sizeof postgres_0011},
};

int roost_migrations_count(void) {
  return (int)(sizeof migrations / sizeof migrations[0]);
}

roost_migration roost_migration_at(int position) {
  return migrations[position];
}
