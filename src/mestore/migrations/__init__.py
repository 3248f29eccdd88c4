"""Migrations: one linear history that runs on SQLite, PostgreSQL and MariaDB."""
