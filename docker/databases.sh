#!/bin/sh
# Runs once in a new Postgres container: a role and a database each for Airflow and the hub.
set -eu
for pair in "airflow:$AIRFLOW_PASSWORD" "crosswalk:$HUB_PASSWORD"; do
  name=${pair%%:*} password=${pair#*:}
  psql --set ON_ERROR_STOP=1 --set name="$name" --set password="$password" --username postgres --dbname postgres <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect on database :"name" from public;
SQL
done
