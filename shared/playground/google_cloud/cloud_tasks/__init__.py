"""Cloud Tasks v2: queues that call HTTP targets until they answer 2xx."""

from playground.google_cloud.cloud_tasks.api import CloudTasks as CloudTasks
