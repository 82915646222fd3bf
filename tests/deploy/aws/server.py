"""`python -m tests.deploy.aws.server`: moto, with what it lacks, on a free port of this machine; prints its address."""

import os

# Read by moto when it is imported: the policies that AWS keeps, and running tasks.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_ECS_SERVICE_RUNNING", "2")

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.deploy.aws import autoscaling, budgets, cloudfront, ec2, ecs, elasticache, rds, s3


def main() -> None:
    for service in (autoscaling, budgets, cloudfront, ec2, ecs, elasticache, rds, s3):
        service.patch()
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    os.environ["MOTO_PORT"] = str(server.server_port)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
