# The image of `astro dev start` and `astro deploy`. For Docker without the Astro CLI see docker/Dockerfile.
FROM astrocrpublic.azurecr.io/runtime:3.3-2
# On a busy machine a task's first call may take longer than the 5 s after which Airflow gives the start up.
ENV AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT=30
# The base image has installed packages.txt and requirements.txt and copied the project by now. The package itself comes
# last, without dependencies, so that Airflow finds provider and plugin by their entry points.
RUN pip install --no-deps --no-cache-dir .
