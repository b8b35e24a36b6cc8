#!/bin/sh
# Runs once, on an empty data folder: Airflow's database belongs to a role that can do nothing else.
set -eu
password=$(cat /run/secrets/airflow_database_password)
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set password="$password" <<'SQL'
create role guanxi_airflow login password :'password';
create database airflow owner guanxi_airflow;
revoke all on database airflow from public;
SQL
