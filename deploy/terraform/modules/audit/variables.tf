variable "name" {
  description = "Prefix of every name, `project-environment`; also the name of the trail."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the trail's files and of its log group."
  type        = string
}

variable "logs_bucket" {
  description = "Bucket that the trail, by the bucket's policy, and AWS Config, by its role, write to."
  type        = string
}

variable "trail_log_prefix" {
  description = "Prefix of the trail's files in the logs bucket, as the bucket's policy allows it."
  type        = string
  default     = "cloudtrail"
}

variable "topic_arn" {
  description = "Topic that findings are sent to."
  type        = string
}

# Each of these exists once an account and region. Where another stack has it already, it is off here.

variable "enable_cloudtrail" {
  description = "Whether a trail of every region records who changed what. The first trail's management events are free."
  type        = bool
  default     = true
}

variable "enable_guardduty" {
  description = "Whether GuardDuty looks for signs of a break-in; paid for by what it reads."
  type        = bool
  default     = true
}

variable "enable_access_analyzer" {
  description = "Whether IAM Access Analyzer tells what is open to other accounts; free."
  type        = bool
  default     = true
}

variable "enable_config" {
  description = "Whether AWS Config keeps the history of every resource; paid for by the change."
  type        = bool
  default     = false
}

variable "minimum_severity" {
  description = "Severity of a finding of GuardDuty from which somebody is told: 1 low, 4 medium, 7 high."
  type        = number
  default     = 4
}
